// An endpoint that gives pages their sessions, in front of the stand-in of the service.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { LiveAvatar, SessionEndpoint, ValidationError } from "../../pkg/index.js";
import { DEMO_CONTEXT, OWN_AVATAR, startLiveAvatar } from "../standins/liveavatar.js";
import { thrown } from "./asking.js";

const API_KEY = "la-key-0123456789";
const BASE = "https://mine.example.com/api/session";
const PAGE = "https://page.example.com";
const session = { mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { context_id: DEMO_CONTEXT } };

let service;
let liveAvatar;
let errors;
beforeEach(async () => {
  service = await startLiveAvatar({ apiKey: API_KEY });
  liveAvatar = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url, maxRetries: 0 });
  errors = mock.method(console, "error", () => {});
});
afterEach(() => {
  assert.doesNotMatch(inspect(errors.mock.calls, { depth: 9 }), /0123456789/, "no log holds the key");
  errors.mock.restore();
  return service.close();
});

const endpoint = (more = {}) => new SessionEndpoint({ liveAvatar, session, authorize: () => true, ...more });
const ask = async (at, path = "", init = {}) => {
  const response = await at.fetch(new Request(BASE + path, { method: "POST", ...init }));
  const text = await response.text();
  assert.doesNotMatch(text, /0123456789/);
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
};
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

test("a page gets a session, starts it, keeps it alive and stops it", async () => {
  const at = endpoint();
  const { status, headers, body } = await ask(at);
  assert.deepEqual([status, headers.get("content-type"), headers.get("cache-control")], [200, "application/json", "no-store"]);
  assert.deepEqual(Object.keys(body), ["session_id", "session_token"]);
  const call = (path) => ask(at, `/v1/sessions/${path}`, bearer(body.session_token));
  const started = await call("start");
  assert.deepEqual([started.status, started.body.code, started.body.data.session_id], [201, 1000, body.session_id]);
  assert.match(started.body.data.livekit_url, /^wss:/);
  for (const path of ["keep-alive", "stop", "stop"]) {
    const { status, body } = await call(path);
    assert.deepEqual([status, body], [200, { code: 1000, data: null, message: "Success" }]);
  }
  assert.equal(service.state.sessions.get(body.session_id).endReason, "USER_CLOSED");
});

test("who may have one is asked, and what it is to be", async () => {
  const asked = [];
  const at = endpoint({
    authorize: async (request) => (await request.json()).password === "please",
    session: async (request) => {
      asked.push(await request.json());
      return { ...session, avatar_persona: { ...session.avatar_persona, language: "de" } };
    },
  });
  assert.equal((await ask(at, "", { body: '{"password":"please"}' })).status, 200);
  assert.deepEqual(asked, [{ password: "please" }]);
  assert.equal(service.requests[0].body.avatar_persona.language, "de");
  const { status, body } = await ask(at, "", { body: '{"password":"no"}' });
  assert.deepEqual([status, body.code, body.data], [403, 4003, null]);
  for (const said of ["true", 1, {}, undefined]) assert.equal((await ask(endpoint({ authorize: () => said }))).status, 403);
  assert.equal((await ask(endpoint({ authorize: () => { throw new Error("no"); } }))).status, 503);
  assert.equal(service.requests.length, 1, "nothing was asked of the service");
});

test("one that does not say in time who may ask is not waited for", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let isAsked;
    const asked = new Promise((resolve) => (isAsked = resolve));
    const answer = ask(endpoint({ authorize: () => (isAsked(), new Promise(() => {})) }));
    await asked;
    mock.timers.tick(5000);
    assert.equal((await answer).status, 503);
  } finally {
    mock.timers.reset();
  }
});

describe("what is refused tells nothing of the account", () => {
  for (const [name, fault, path, status] of [
    ["no credits", { kind: "noCredits", on: "POST /v1/sessions/start" }, "/v1/sessions/start", 503],
    ["too many sessions", { kind: "concurrency", on: "POST /v1/sessions/start" }, "/v1/sessions/start", 503],
    ["a wrong API key", { kind: "invalidKey", on: "POST /v1/sessions/token" }, "", 502],
    ["too many requests", { kind: "rateLimit", retryAfter: 7 }, "", 429],
    ["a refusal", { kind: "refusal", status: 400, message: "You do not have access to this avatar" }, "", 502],
    ["a refusal at the start", { kind: "refusal", status: 400, message: "LLM configuration with id 'x' not found in your space" }, "/v1/sessions/start", 502],
    ["a failure", { kind: "serverError" }, "", 502],
    ["a cut connection", { kind: "cut" }, "", 502],
    ["a cut connection of a session", { kind: "cut" }, "/v1/sessions/start", 502],
  ]) {
    test(name, async () => {
      const at = endpoint();
      const token = path === "" ? "" : (await ask(at)).body.session_token;
      service.fail(fault);
      const answer = await ask(at, path, path === "" ? {} : bearer(token));
      assert.equal(answer.status, status);
      assert.deepEqual(Object.keys(answer.body), ["code", "data", "message"]);
      assert.doesNotMatch(answer.body.message, /credit|concurren|key|this avatar|space|configuration/i);
      assert.equal(answer.headers.get("retry-after"), fault.retryAfter ? "7" : null);
    });
  }

  test("a session that is wrong is the endpoint's fault", async () => {
    for (const wrong of [{ session: {} }, { session: () => { throw new Error("la-key"); } }, { session: () => undefined }]) {
      const { status, body } = await ask(endpoint(wrong));
      assert.deepEqual([status, body.code, body.message], [500, 5000, "This endpoint is not set up as it should be."]);
    }
    assert.equal(errors.mock.callCount(), 3, "its developer hears of it");
  });

  test("a token that is none is the page's", async () => {
    const at = endpoint();
    for (const headers of [{}, { authorization: "Bearer " }, { authorization: "Basic abc" }, { authorization: "Bearer nobody" }]) {
      const { status, headers: given } = await ask(at, "/v1/sessions/start", { headers });
      assert.deepEqual([status, given.get("www-authenticate")], [401, "Bearer"]);
    }
    const { session_token } = (await ask(at)).body;
    assert.equal((await ask(at, "/v1/sessions/keep-alive", bearer(session_token))).status, 404, "it has not started");
  });
});

test("addresses, methods and bodies have their limits", async () => {
  const at = endpoint();
  assert.equal((await ask(at, "/v1/sessions/token")).status, 404);
  assert.equal((await ask(at, "/v1/secrets")).status, 404);
  const wrongVerb = await ask(at, "", { method: "GET" });
  assert.deepEqual([wrongVerb.status, wrongVerb.headers.get("allow")], [405, "POST"]);
  assert.equal((await ask(at, "/v1/sessions/stop", { method: "DELETE" })).status, 405);
  assert.equal((await ask(at, "", { body: "x".repeat(64 << 10) })).status, 200);
  assert.equal((await ask(at, "", { body: "x".repeat((64 << 10) + 1) })).status, 413);
  const endless = new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(1000)) });
  assert.equal((await ask(at, "", { body: endless, duplex: "half" })).status, 413);
});

test("pages of the own host and of named origins may ask, others are refused before anything is done", async () => {
  const at = endpoint({ cors: { origins: [PAGE] } });
  const from = (origin, init = {}) => ask(at, "", { ...init, headers: { origin, ...init.headers } });
  const allowed = await from(PAGE);
  assert.deepEqual(["origin", "credentials"].map((name) => allowed.headers.get(`access-control-allow-${name}`)), [PAGE, "true"]);
  assert.equal(allowed.headers.get("vary"), "origin");
  assert.equal((await from("https://mine.example.com")).status, 200);
  const { length } = service.requests;
  for (const origin of ["https://other.example.com", "null", `${PAGE}:8443`, "https://mine.example.com.evil.example"]) {
    const { status, headers } = await from(origin);
    assert.deepEqual([status, headers.get("access-control-allow-origin")], [403, null], origin);
  }
  assert.equal(service.requests.length, length);
  const preflight = await from(PAGE, { method: "OPTIONS", headers: { "access-control-request-headers": "authorization,content-type" } });
  assert.equal(preflight.status, 204);
  assert.deepEqual(["headers", "credentials"].map((name) => preflight.headers.get(`access-control-allow-${name}`)), ["authorization,content-type", "true"]);
  assert.equal((await from("https://other.example.com", { method: "OPTIONS" })).status, 403);
  const star = await ask(endpoint({ cors: { origins: ["*"] } }), "", { headers: { origin: PAGE } });
  assert.deepEqual([star.status, star.headers.get("access-control-allow-credentials")], [200, null]);
});

describe("options", () => {
  for (const [name, options, path] of [
    ["nothing", undefined, ""],
    ["no client", { session, authorize: () => true }, "/liveAvatar"],
    ["no session", { authorize: () => true }, "/session"],
    ["nobody who says who may ask", { session }, "/authorize"],
    ["a word for that", { session, authorize: "none" }, "/authorize"],
    ["an origin that is none", { session, authorize: () => true, cors: { origins: ["page.example.com"] } }, "/cors/origins/0"],
    ["a misspelt one", { session, authorize: () => true, authorise: 1 }, "/authorise"],
  ]) {
    test(name, async () => {
      const given = options && name !== "no client" ? { liveAvatar, ...options } : options;
      const error = await thrown(() => new SessionEndpoint(given));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, path);
      assert.equal((await thrown(() => new SessionEndpoint(() => given).fetch(new Request(BASE, { method: "POST" })))).issues[0].path, path);
    });
  }

  test("may come from the worker's env, once, and fetch works alone", async () => {
    let calls = 0;
    const { fetch } = new SessionEndpoint((env) => (calls++, { liveAvatar: env.client, session, authorize: () => true }));
    for (let times = 0; times < 2; times++) assert.equal((await fetch(new Request(BASE, { method: "POST" }), { client: liveAvatar })).status, 200);
    assert.equal(calls, 1);
  });
});
