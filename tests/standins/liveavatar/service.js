// One request to the service, from its first header to its answer: who may ask, which endpoint is meant, what comes back.

import { Faults } from "./faults.js";
import { Invalid, Refusal, success } from "./envelope.js";
import { change, defaults, OPTIONS } from "./options.js";
import { RateLimit } from "./rateLimit.js";
import { answerRoom } from "./room.js";
import { findRoute } from "./routes.js";
import { seed } from "./seeds.js";

export class Service {
  options = defaults();
  state = seed();
  faults = new Faults();
  requests = [];
  turns = [];
  #advanced = 0;
  #rateLimit = new RateLimit();

  constructor({ apiKey, allowRemote, now, options }) {
    this.apiKey = apiKey;
    this.allowRemote = allowRemote;
    this.clock = now;
    this.set(options);
  }

  set(options) {
    change(this.options, options);
  }

  /** Milliseconds since 1970, as far as this service is concerned. */
  now() {
    return this.clock() + this.#advanced;
  }

  advance(ms) {
    if (typeof ms !== "number" || !(ms >= 0)) throw new TypeError("advance(ms): ms must be a number from 0 up");
    this.#advanced += ms;
  }

  date(at = this.now()) {
    return new Date(at).toISOString();
  }

  creditsLeft() {
    let used = 0;
    for (const session of this.state.sessions.values()) used += session.creditsConsumed;
    return Math.max(0, this.options.credits - used);
  }

  liveSessions() {
    return [...this.state.sessions.values()].filter((session) => session.live);
  }

  close() {
    for (const session of this.state.sessions.values()) session.agent?.interrupt();
  }

  /**
   * @param {import("node:http").IncomingMessage} incoming
   * @param {import("node:http").ServerResponse} response
   * @param {AbortSignal} signal
   * @param {string} raw the body
   */
  async answer(incoming, response, signal, raw) {
    if (!fromHere(incoming)) return void response.writeHead(403, { "content-type": "text/plain" }).end("This stand-in serves this computer only.\n");
    allowPage(incoming, response);
    if (incoming.method === "OPTIONS") return void response.writeHead(204).end();

    const url = new URL(incoming.url, `http://${incoming.headers.host}`);
    const request = { service: this, method: incoming.method, path: url.pathname, url, query: Object.fromEntries(url.searchParams), headers: incoming.headers, raw, response, signal };
    if (url.pathname === "/" || /^\/standin(?:\/|$)/.test(url.pathname)) return this.#answerOwn(request);

    this.requests.push({
      ...{ method: request.method, path: request.path, query: request.query, headers: request.headers, body: parse(raw) ?? raw },
      get status() {
        return response.headersSent ? response.statusCode : undefined;
      },
    });
    try {
      await this.#answerApi(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, error.status, error.body(this.options.errorShape), error.headers);
    }
  }

  async #answerApi(request) {
    const { method, path, headers, raw, response } = request;
    const { route, params, allowed } = findRoute(method, path, this.options);
    const fault = this.faults.take(method, path, route?.pattern);
    if (fault) return this.#fail(fault, request);
    if (allowed.length === 0) throw new Refusal(404, "Not Found");
    if (!route) throw new Refusal(405, "Method Not Allowed", { headers: { allow: allowed.join(", ") } });

    const caller = headers["x-api-key"] ?? headers.authorization ?? "no key";
    this.#rateLimit.count(`${caller} ${method} ${route.pattern}`, this, response);
    const session = this.#authenticate(route.auth, headers);
    const data = await route.handle({
      ...request,
      params,
      session,
      // Read by those who want one: an endpoint without a body doesn't mind what was sent.
      get body() {
        return raw === "" ? undefined : readJson(raw, headers["content-type"]);
      },
    });
    if (route.status === 204) return void response.writeHead(204).end();
    send(response, route.status, success(data, this.options.successCode, route.message));
  }

  /** @returns {import("./session.js").Session | null} the session, where a session token asked */
  #authenticate(auth, headers) {
    if (auth === "none") return null;
    // An API key is no Bearer value and a session token no API key: each has its header.
    const keyed = auth !== "bearer" && headers["x-api-key"] === this.apiKey;
    const token = auth !== "key" ? /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] : undefined;
    const session = token && [...this.state.sessions.values()].find((one) => one.token === token);
    if (session) return session;
    if (keyed) return null;
    throw new Refusal(401, auth === "bearer" ? "Invalid session token" : "Invalid API key");
  }

  async #fail({ action, ...fault }, { response, signal }) {
    if (action.refuse) throw action.refuse({ ...fault, options: this.options });
    if (action.html) return void response.writeHead(502, { "content-type": "text/html" }).end("<html><body><h1>502 Bad Gateway</h1></body></html>\n");
    if (action.cut) return void response.destroy();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  /** Routes that no real service has. */
  async #answerOwn(request) {
    const { method, path, raw, response } = request;
    const body = raw === "" ? undefined : parse(raw);
    if (path === "/") return void response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(INTRODUCTION);
    if (await answerRoom(this, { ...request, body })) return;
    try {
      if (method === "GET" && path === "/standin") return send(response, 200, this.#describe());
      if (method === "GET" && path === "/standin/turns") return send(response, 200, this.turns);
      if (method === "POST" && path === "/standin/options") return send(response, 200, (this.set(wanted(body)), this.options));
      if (method === "POST" && path === "/standin/fail") return send(response, 200, (this.faults.plan(wanted(body)), { planned: true }));
      if (method === "POST" && path === "/standin/clock") return send(response, 200, (this.advance(wanted(body).advanceMs), { now: this.date() }));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return send(response, 400, { error: error.message });
    }
    send(response, 404, { error: "The stand-in has no such route. GET / lists them." });
  }

  #describe() {
    const options = Object.entries(OPTIONS).map(([name, { about }]) => [name, { value: this.options[name], about }]);
    return { standin: "LiveAvatar", now: this.date(), allowRemote: this.allowRemote, options: Object.fromEntries(options) };
  }
}

const INTRODUCTION = `This is a stand-in for the LiveAvatar service. No avatar lives here.

The API is under /v1 as docs.liveavatar.com describes it. Of its own it has

  GET  /standin                               options and what they mean
  POST /standin/options                       {"names": "guide", …} changes some
  POST /standin/fail                          {"kind": "rateLimit", "on": "POST /v1/secrets", "times": 1}
  POST /standin/clock                         {"advanceMs": 60000}
  GET  /standin/turns                         what the LLM was asked, and what came of it
  GET  /standin/rooms/{session_id}            the room of a started session
  POST /standin/rooms/{session_id}/say        {"text": "Hello"}, answered by what the avatar says, as it says it
  POST /standin/rooms/{session_id}/interrupt
`;

function send(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function parse(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function wanted(body) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new TypeError("Send a JSON object.");
  return body;
}

function readJson(raw, type = "") {
  // FastAPI reads JSON only where the content type says JSON.
  if (!/^application\/(?:[^;]+\+)?json\b/i.test(type)) throw new Invalid([{ type: "model_attributes_type", loc: ["body"], msg: "Input should be a valid dictionary or object to extract fields from", input: raw }]);
  const value = parse(raw);
  if (value === undefined) throw new Invalid([{ type: "json_invalid", loc: ["body", 0], msg: "JSON decode error", input: {}, ctx: { error: "Expecting value" } }]);
  return value;
}

// A page from elsewhere must not reach this server through the browser, under whatever host name: it may hold a real LLM's key.
const HERE = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

function fromHere({ headers: { host = "", origin } }) {
  return HERE.test(host) && (origin === undefined || HERE.test(origin.replace(/^https?:\/\//, "")));
}

// The web SDK asks with credentials, so a star won't do.
function allowPage(incoming, response) {
  const { origin } = incoming.headers;
  if (origin === undefined) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("vary", "Origin");
  response.setHeader("access-control-expose-headers", "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset");
  if (incoming.method !== "OPTIONS") return;
  response.setHeader("access-control-allow-methods", "GET, POST, PATCH, DELETE, OPTIONS");
  response.setHeader("access-control-allow-headers", incoming.headers["access-control-request-headers"] ?? "authorization, content-type, x-api-key");
}
