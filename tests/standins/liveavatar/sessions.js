// Sessions over REST: token, start, stop, keep-alive, and what can be read of them.

import { notFound, Refusal } from "./envelope.js";
import { maybe, object, oneOf, optional, text, uuid, validate, whole } from "./fields.js";
import { newestFirst, page } from "./pages.js";
import { END_REASONS, Session } from "./session.js";
import { checkExists, checkToken } from "./token.js";

export const routes = [
  ["POST", "/v1/sessions/token", "key", token],
  ["POST", "/v1/sessions/start", "bearer", start, 201],
  // The guide for LITE stops with a DELETE, and some clients keep alive with an underscore; the live service answers both with 405.
  [({ names }) => (names === "guide" ? "DELETE" : "POST"), ({ names }) => (names === "guide" ? "/v1/sessions" : "/v1/sessions/stop"), "either", stop],
  ["POST", ({ names }) => (names === "guide" ? "/v1/sessions/keep_alive" : "/v1/sessions/keep-alive"), "either", keepAlive],
  ["GET", "/v1/sessions", "key", list],
  ["GET", "/v1/sessions/{session_id}", "key", ({ service, params }) => find(service, params.session_id).entry()],
  ["GET", "/v1/sessions/{session_id}/transcript", "key", transcript],
  ["DELETE", "/v1/sessions/{session_id}/events", "key", deleteEvents],
];

function token({ service, body }) {
  const session = new Session(service, checkToken(service, body));
  service.state.sessions.set(session.id, session);
  return { session_id: session.id, session_token: session.token };
}

// No body is asked for, and none is read.
function start({ service, session }) {
  const { options } = service;
  if (session.startedAt !== null) {
    if (options.startTwice === "repeat" && session.live) return session.started;
    throw new Refusal(400, "Session already started");
  }
  if (options.tokenLifetimeMs !== null && service.now() - session.mintedAt > options.tokenLifetimeMs) throw new Refusal(401, "Session token expired");
  checkExists(service, session.request, "start");
  if (service.creditsLeft() < session.rate) throw new Refusal(403, "No credits available", { code: 4033 });
  if (options.concurrency !== null && service.liveSessions().length >= options.concurrency) {
    throw new Refusal(options.concurrencyStatus, "Session concurrency limit reached", { code: options.concurrencyCode });
  }
  const answer = session.start();
  if (options.prewarm) session.agent?.prewarm();
  return answer;
}

const STOP = object({ session_id: maybe(uuid()), reason: optional(oneOf(...END_REASONS), "UNKNOWN") });
const KEEP_ALIVE = object({ session_id: maybe(uuid()) });

function stop(request) {
  const { service, body } = request;
  const { session_id, reason } = body === undefined ? { reason: "USER_CLOSED" } : validate(STOP, body, ["body"]);
  const session = meant(request, session_id);
  if (!session.live && service.options.stopTwice === "notFound") throw notFound("Session");
  session.end(reason);
  return null;
}

function keepAlive(request) {
  const { session_id } = validate(KEEP_ALIVE, request.body ?? {}, ["body"]);
  const session = meant(request, session_id);
  if (!session.live) throw notFound("Session");
  session.touch();
  return null;
}

// A Bearer token names its session; with the API key the body has to.
function meant({ service, session }, session_id) {
  return session ?? find(service, validate(uuid(), session_id ?? undefined, ["body", "session_id"]));
}

function list(request) {
  const { service, query } = request;
  const filter = { avatar_id: optional(text()), embed_id: optional(text()), context_id: optional(text()) };
  const { type, ...wanted } = validate(object({ type: oneOf("active", "historic"), ...filter }), query, ["query"]);
  const sessions = newestFirst(service.state.sessions).filter((session) => {
    if (session.startedAt === null || session.live !== (type === "active")) return false;
    const facts = { avatar_id: session.request.avatar_id, context_id: session.request.avatar_persona?.context_id };
    return Object.entries(wanted).every(([name, value]) => facts[name] === value);
  });
  return page(sessions.map((session) => session.entry()), request);
}

function transcript({ service, params, query }) {
  const session = find(service, params.session_id);
  const { start_timestamp, end_timestamp } = validate(object({ start_timestamp: maybe(whole()), end_timestamp: maybe(whole()) }), query, ["query"]);
  const lines = session.transcript.filter(({ absolute_timestamp: at }) => at >= (start_timestamp ?? -Infinity) && at <= (end_timestamp ?? Infinity));
  return { session_active: session.live, next_timestamp: session.live ? (lines.at(-1)?.absolute_timestamp ?? null) : null, transcript_data: lines };
}

function deleteEvents({ service, params }) {
  find(service, params.session_id).lines = [];
  return null;
}

function find({ state }, session_id) {
  const session = state.sessions.get(validate(uuid(), session_id, ["path", "session_id"]));
  if (!session || session.startedAt === null) throw notFound("Session");
  return session;
}
