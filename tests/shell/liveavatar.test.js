// The client of LiveAvatar's API against the stand-in of the service: what is sent, what comes back, and how it fails.

import assert from "node:assert/strict";
import http from "node:http";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, test } from "node:test";

import {
  ApiError, ConnectionError, DeadlineError, LiveAvatar, LiveAvatarLlmError, StreamError, validateContext, validateLlmConfiguration,
  validateSecret, validateSessionToken, ValidationError,
} from "../../pkg/index.js";
import { DEMO_CONTEXT, OWN_AVATAR, startLiveAvatar, WAYNE } from "../standins/liveavatar.js";
import { thrown } from "./asking.js";

const API_KEY = "la-key-0123456789";
const NOBODY = "11111111-2222-4333-8444-555555555555";
const session = (more = {}) => ({ mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { context_id: DEMO_CONTEXT }, ...more });

let service;
let client;
beforeEach(async () => {
  service = await startLiveAvatar({ apiKey: API_KEY });
  client = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url });
});
afterEach(() => service.close());

/** The requests that the service saw, in short. */
const seen = () => service.requests.map(({ method, path }) => `${method} ${path}`);

const KEPT = { secret_name: "n", secret_value: "sk-0123456789", secret_type: "OPENAI_API_KEY" };
const secret = (more = {}) => client.secrets.create({ ...KEPT, ...more });
const configuration = async (more = {}) =>
  client.llmConfigurations.create({ display_name: "d", model_name: "m", secret_id: (await secret()).id, ...more });
const started = async () => {
  const token = await client.sessions.createToken(session());
  return { ...token, ...(await client.sessions.start(token.session_token)) };
};

describe("what succeeds", () => {
  test("secrets are made, listed without their values, and deleted", async () => {
    const made = await secret({ secret_name: "My key" });
    assert.deepEqual(Object.keys(made), ["id", "secret_name"]);
    const [listed, ...others] = await client.secrets.list();
    assert.deepEqual([listed.id, listed.secret_name, listed.secret_type, others.length], [made.id, "My key", "OPENAI_API_KEY", 0]);
    assert.doesNotMatch(JSON.stringify(listed), /0123456789/);
    assert.equal(await client.secrets.delete(made.id), undefined);
    assert.deepEqual(await client.secrets.list(), []);
  });

  test("LLM configurations are made, listed, got, changed and deleted", async () => {
    const made = await configuration({ base_url: "https://a.example.com/v1" });
    assert.deepEqual([made.display_name, made.model_name, made.base_url], ["d", "m", "https://a.example.com/v1"]);
    const [listed] = await client.llmConfigurations.list();
    assert.deepEqual(listed, { id: made.id, display_name: "d", model_name: "m", secret_id: made.secret_id });
    assert.deepEqual(await client.llmConfigurations.get(made.id), made);
    const changed = await client.llmConfigurations.update(made.id, { model_name: "n" });
    assert.deepEqual([changed.model_name, changed.display_name], ["n", "d"]);
    assert.equal(await client.llmConfigurations.delete(made.id), undefined);
    assert.deepEqual(await client.llmConfigurations.list(), []);
  });

  test("a session is made, started, kept alive and stopped with its token", async () => {
    const token = await client.sessions.createToken(session());
    assert.deepEqual(Object.keys(token), ["session_id", "session_token"]);
    const started = await client.sessions.start(token.session_token);
    assert.equal(started.session_id, token.session_id);
    assert.match(started.livekit_url, /^wss:/);
    assert.equal(await client.sessions.keepAlive(token), undefined);
    assert.equal(await client.sessions.stop(token.session_token), undefined);
    assert.equal(service.state.sessions.get(token.session_id).endReason, "USER_CLOSED");
    for (const { path, headers, body } of service.requests.slice(1)) {
      assert.equal(headers.authorization, `Bearer ${token.session_token}`, path);
      assert.equal(headers["x-api-key"], undefined, path);
      assert.equal(body, "", path);
    }
    assert.deepEqual([service.requests[0].headers["x-api-key"], service.requests[0].headers.authorization], [API_KEY, undefined]);
  });

  test("a session is kept alive and stopped by its id, with the API key", async () => {
    const { session_id } = await started();
    await client.sessions.keepAlive({ session_id });
    await client.sessions.stop({ session_id });
    assert.equal(service.state.sessions.get(session_id).endReason, "USER_CLOSED");
    assert.equal(service.requests.at(-1).headers["x-api-key"], API_KEY);
    const another = await started();
    await client.sessions.stop({ session_id: another.session_id }, "AGENT_HANG_UP");
    assert.equal(service.state.sessions.get(another.session_id).endReason, "AGENT_HANG_UP");
  });

  test("stopping a session that is gone is as good", async () => {
    const token = await started();
    await client.sessions.stop(token.session_token);
    assert.equal(await client.sessions.stop(token.session_token), undefined);
    assert.equal(await client.sessions.stop({ session_id: NOBODY }), undefined);
    assert.equal(service.requests.at(-1).status, 404);
  });

  test("methods work alone and spread", async () => {
    const { secrets, llmConfigurations, sessions, connectLlm } = client;
    const { list } = secrets;
    assert.deepEqual(await list(), []);
    assert.deepEqual(await { ...llmConfigurations }.list(), []);
    const { createToken } = { ...sessions };
    assert.ok((await createToken(session())).session_token);
    const { did } = await connectLlm({ baseUrl: "https://a.example.com", apiKey: "k", model: "m" }, { name: "Mine" });
    assert.equal(did.length, 2);
  });

  test("the service's answer is a success whatever its code", async () => {
    service.set({ successCode: 100 });
    assert.deepEqual(await client.secrets.list(), []);
  });

  test("a key that is a function is asked for each request", async () => {
    const keys = [API_KEY, "wrong-0123456789", API_KEY];
    const client = new LiveAvatar({ apiKey: async () => keys.shift(), baseUrl: service.url });
    await client.secrets.list();
    assert.equal((await thrown(() => client.secrets.list())).status, 401);
    await client.secrets.list();
  });

  test("what goes through a fetch of one's own is a Request that has all of it", async () => {
    const requests = [];
    const fetcher = { fetch: (request) => (requests.push(request), Response.json({ data: { id: "i" } })) };
    const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: "http://127.0.0.1:1/base/", fetch: fetcher });
    assert.deepEqual(await client.llmConfigurations.update("a/b", { model_name: "n" }), { id: "i" });
    const [request] = requests;
    assert.ok(request instanceof Request);
    assert.deepEqual([request.method, request.url, request.redirect], ["PATCH", "http://127.0.0.1:1/base/v1/llm-configurations/a%2Fb", "manual"]);
    assert.deepEqual(await request.json(), { model_name: "n" });
    assert.equal(request.headers.get("x-api-key"), API_KEY);
  });
});

describe("what fails", () => {
  test("after a failure that may have been carried out, only what may be carried out twice is made again", async () => {
    await configuration();
    const live = (await started()).session_token;
    for (const kind of ["serverError", "notJson", "cut"]) {
      service.requests.length = 0;
      service.fail({ kind, times: 1 });
      assert.equal((await client.secrets.list()).length, 1);
      service.fail({ kind, times: 1 });
      assert.ok((await thrown(() => secret())) instanceof LiveAvatarLlmError);
      assert.deepEqual(seen(), ["GET /v1/secrets", "GET /v1/secrets", "POST /v1/secrets"]);
    }
    service.fail({ kind: "cut", times: 1 });
    await client.sessions.stop(live);
    assert.equal(service.state.secrets.size, 1);
  });

  test("an answer that hangs is given up after timeoutMs, and the request with it", async () => {
    const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url, timeoutMs: 500, maxRetries: 1 });
    for (const [call, attempts] of [[() => client.secrets.list(), 2], [() => client.secrets.create(KEPT), 1]]) {
      service.requests.length = 0;
      service.fail({ kind: "hang", times: attempts });
      const error = await thrown(call);
      assert.ok(error instanceof DeadlineError, error.stack);
      assert.deepEqual([error.phase, error.code], ["attempt", "deadline_attempt"]);
      assert.match(error.message, /after 500 ms: raise `timeoutMs`/);
      assert.equal(service.requests.length, attempts);
    }
  });

  test("a body that hangs is given up as well", async () => {
    let cancelled;
    const body = new ReadableStream({ cancel: (reason) => void (cancelled = reason ?? true) });
    const client = new LiveAvatar({ apiKey: API_KEY, timeoutMs: 20, maxRetries: 0, fetch: () => new Response(body) });
    assert.ok((await thrown(() => client.secrets.list())) instanceof DeadlineError);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(cancelled !== undefined, "the body is let go of");
  });

  test("a fetch that does not heed its signal is not waited for", async () => {
    const client = new LiveAvatar({ apiKey: API_KEY, timeoutMs: 20, maxRetries: 0, fetch: () => new Promise(() => {}) });
    assert.ok((await thrown(() => client.secrets.list())) instanceof DeadlineError);
  });

  test("a key that never comes is given up as well", async () => {
    const never = () => new Promise(() => {});
    const client = new LiveAvatar({ apiKey: never, baseUrl: service.url, timeoutMs: 20 });
    const own = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url, timeoutMs: 20 });
    const upstream = { baseUrl: "https://a.example.com", apiKey: never, model: "m" };
    for (const call of [() => client.secrets.list(), () => own.connectLlm(upstream, { name: "Mine" })]) {
      const error = await thrown(call);
      assert.deepEqual([error.name, error.phase], ["DeadlineError", "attempt"]);
      assert.match(error.message, /`apiKey` gave none within 20 ms: raise `timeoutMs`/);
    }
    assert.equal(service.requests.length, 0);
  });

  test("Infinity is no limit", async () => {
    const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: service.url, timeoutMs: Infinity });
    assert.deepEqual(await client.secrets.list(), []);
  });

  test("a connection that was refused is made again, whatever it is for", async () => {
    const gone = await new Promise((resolve) => {
      const server = http.createServer().listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        server.close(() => resolve(`http://127.0.0.1:${port}`));
      });
    });
    let attempts = 0;
    const counting = (request) => (attempts++, fetch(request));
    const client = new LiveAvatar({ apiKey: API_KEY, baseUrl: gone, fetch: counting, maxRetries: 1 });
    const error = await thrown(() => client.secrets.create(KEPT));
    assert.ok(error instanceof ConnectionError, error.stack);
    assert.equal(error.cause.cause.code, "ECONNREFUSED");
    assert.equal(attempts, 2);
  });

  test("both shapes of a 422 are read", async () => {
    const wrong = { secret_name: "n", secret_value: "v", secret_type: "NO_SUCH" };
    for (const errorShape of ["envelope", "fastapi"]) {
      service.set({ errorShape });
      const error = await thrown(() => client.secrets.create(wrong, { validate: false }));
      assert.deepEqual([error.status, error.code], [422, "bad_request"]);
      assert.match(error.message, /secret_type: Input should be 'OPENAI_API_KEY', /);
    }
  });

  test("what is not there is a 404", async () => {
    for (const call of [() => client.secrets.delete(NOBODY), () => client.llmConfigurations.get(NOBODY), () => client.sessions.keepAlive({ session_id: NOBODY })]) {
      const error = await thrown(call);
      assert.deepEqual([error.status, error.code], [404, "not_found"]);
      assert.match(error.message, /not found$/);
    }
  });

  test("the guide's spellings are tried when the service knows no other, and remembered", async () => {
    service.set({ names: "guide" });
    await secret();
    await secret();
    assert.deepEqual(service.requests.map(({ body }) => body.secret_type), ["OPENAI_API_KEY", "LLM_API_KEY", "LLM_API_KEY"]);
    service.requests.length = 0;
    await client.llmConfigurations.list();
    await client.llmConfigurations.list();
    assert.deepEqual(seen(), ["GET /v1/llm-configurations", "GET /v1/llm_configurations", "GET /v1/llm_configurations"]);
  });
});

describe("what is answered in another way", () => {
  const answering = (answer) => new LiveAvatar({ apiKey: API_KEY, fetch: answer, maxRetries: 0 });
  for (const [name, answer, Class, code] of [
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://b.example.com/?k=1" } }), ApiError, "redirected"],
    ["an opaque redirect", () => Response.error(), ApiError, "redirected"],
    ["a page", () => new Response("<html>"), ApiError, "unreadable"],
    ["half an answer", () => new Response('{"data":{"session_token":"tok-0123456789"'), ApiError, "unreadable"],
    ["more than anybody reads", () => new Response("x".repeat(9 << 20)), StreamError, "stream_too_large"],
    ["an empty answer", () => new Response(""), ApiError, "unreadable"],
    ["no data", () => Response.json({ code: 1000, data: null, message: "Success" }), ApiError, "unreadable"],
    ["no envelope", () => Response.json({ session_token: "tok-0123456789" }), ApiError, "unreadable"],
    ["a 404 of somebody else", () => Response.json({ detail: "Not Found" }, { status: 404 }), ApiError, "wrong_address"],
    ["a string", () => "hello", ValidationError, "wrong_type"],
    ["nothing", () => undefined, ValidationError, "wrong_type"],
    ["a body that breaks", () => new Response(new ReadableStream({ start: (body) => body.error("broken") })), ConnectionError, "connection_failed"],
    ["an error that is none", () => Promise.reject("no reason"), ConnectionError, "connection_failed"],
    ["an abort that is none", () => Promise.reject(undefined), ConnectionError, "connection_failed"],
    ["a throw", () => { throw new TypeError("no"); }, ConnectionError, "connection_failed"],
    ["a status beyond all", () => ({ status: 999, headers: new Headers(), body: null }), ValidationError, "wrong_type"],
    ["a body of numbers", () => ({ status: 200, headers: new Headers(), body: ReadableStream.from([5]) }), ValidationError, "wrong_type"],
    ["a body whose reader cannot read", () => ({ status: 200, headers: new Headers(), body: { getReader: () => ({}) } }), ValidationError, "wrong_type"],
    ["a body that gives no reader", () => ({ status: 200, headers: new Headers(), body: { getReader() {} } }), ValidationError, "wrong_type"],
    ["a body whose reader gives nothing", () => ({ status: 200, headers: new Headers(), body: { getReader: () => ({ read() {} }) } }), ValidationError, "wrong_type"],
  ]) {
    test(name, async () => {
      const error = await thrown(() => answering(answer).secrets.list());
      assert.ok(error instanceof Class, error?.stack ?? String(error));
      assert.equal(error.code, code);
      assert.doesNotMatch(inspect(error, { depth: 9 }), /0123456789/);
    });
  }

  test("plain objects that are like a Response will do", async () => {
    const body = () => new Response('{"data":[1]}').body;
    const client = answering(() => ({ status: 200, headers: new Headers({ "x-a": "b" }), body: body() }));
    assert.deepEqual(await client.secrets.list(), [1]);
    assert.equal(await answering(() => new Response(null, { status: 204 })).secrets.delete("a"), undefined);
  });

  test("what has been stopped or deleted is told by the service, not by whoever is at its address", async () => {
    for (const answer of [() => new Response("404 page not found", { status: 404 }), () => new Response("<html>", { status: 404 })]) {
      for (const call of [(client) => client.sessions.stop("tok-0123456789"), (client) => client.secrets.delete("a")]) {
        const error = await thrown(() => call(answering(answer)));
        assert.deepEqual([error.name, error.code, error.status], ["ApiError", "wrong_address", 404]);
        assert.match(error.message, /^what is at `baseUrl` seems not to be LiveAvatar's API \(404\)/);
      }
    }
    const misplaced = new LiveAvatar({ apiKey: API_KEY, baseUrl: `${service.url}/api` });
    assert.equal((await thrown(() => misplaced.sessions.stop("tok-0123456789"))).code, "wrong_address");
  });

  test("an error of the key's function is thrown as it is", async () => {
    const own = new RangeError("no key today");
    const client = new LiveAvatar({ apiKey: () => { throw own; }, baseUrl: service.url });
    assert.equal(await thrown(() => client.secrets.list()), own);
    assert.ok((await thrown(() => new LiveAvatar({ apiKey: () => 5 }).secrets.list())) instanceof ValidationError);
    assert.equal((await thrown(() => new LiveAvatar({ apiKey: () => "a\nb" }).secrets.list())).code, "bad_key");
    assert.equal(service.requests.length, 0);
  });

  test("an address that no platform fetches is told as the base URL", async () => {
    for (const baseUrl of ["http://127.0.0.1:99999", "https://[::g]", "https://a b", "https://%", "https://256.256.256.256"]) {
      const error = await thrown(() => new LiveAvatar({ apiKey: API_KEY, baseUrl }));
      assert.deepEqual([error.name, error.issues?.[0].path], ["ValidationError", "/baseUrl"], baseUrl);
    }
  });
});

describe("what is wrong is told before anything is sent", () => {
  for (const [name, options, path, message] of [
    ["nothing", undefined, "", /object/],
    ["null", null, "", /object/],
    ["a key alone", API_KEY, "", /object/],
    ["a list", [], "", /object/],
    ["no key", {}, "/apiKey", /missing/],
    ["a key that is not set", { apiKey: undefined }, "/apiKey", /variable that is not set/],
    ["null as key", { apiKey: null }, "/apiKey", /variable that is not set/],
    ["an empty key", { apiKey: "" }, "/apiKey", /empty: give the key$/],
    ["a key of two lines", { apiKey: "la-0123456789\nla-0123456789" }, "/apiKey", /line break/],
    ["a key with a control character", { apiKey: "la\0-0123456789" }, "/apiKey", /control character/],
    ["a key with a dash of a word processor", { apiKey: "la–0123456789" }, "/apiKey", /not ASCII/],
    ["an address that is not set", { apiKey: API_KEY, baseUrl: undefined }, "/baseUrl", /variable that is not set/],
    ["null as address", { apiKey: API_KEY, baseUrl: null }, "/baseUrl", /variable that is not set/],
    ["an address with a query", { apiKey: API_KEY, baseUrl: "https://a.example.com?b" }, "/baseUrl", /query .*: remove it$/],
    ["an address with the version", { apiKey: API_KEY, baseUrl: "https://api.liveavatar.com/v1" }, "/baseUrl", /write https:\/\/api\.liveavatar\.com$/],
    ["an LLM's address", { apiKey: API_KEY, baseUrl: "https://api.openai.com/v1" }, "/baseUrl", /connectLlm/],
    ["a number as key", { apiKey: 5 }, "/apiKey", /string, or a function/],
    ["a number as fetch", { apiKey: API_KEY, fetch: 5 }, "/fetch", /function like fetch/],
    ["a misspelt option", { apiKey: API_KEY, baseURL: "x" }, "/baseURL", /baseUrl/],
    ["no address", { apiKey: API_KEY, baseUrl: "api.liveavatar.com" }, "/baseUrl", /https/],
    ["no time", { apiKey: API_KEY, timeoutMs: 0 }, "/timeoutMs", /from 1 up/],
    ["a time that is no number", { apiKey: API_KEY, timeoutMs: NaN }, "/timeoutMs", /number/],
    ["a time before", { apiKey: API_KEY, timeoutMs: -Infinity }, "/timeoutMs", /number/],
    ["half a retry", { apiKey: API_KEY, maxRetries: 0.5 }, "/maxRetries", /whole number/],
    ["retries for ever", { apiKey: API_KEY, maxRetries: Infinity }, "/maxRetries", /whole number/],
    ["a BigInt", { apiKey: API_KEY, maxRetries: 1n }, "", /BigInt/],
  ]) {
    test(`options: ${name}`, async () => {
      const error = await thrown(() => new LiveAvatar(options));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, path);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /0123456789/);
    });
  }

  for (const [name, call, path] of [
    ["a secret that is none", () => client.secrets.create(), ""],
    ["an id that is none", () => client.secrets.delete(), "/id"],
    ["an empty id", () => client.llmConfigurations.get(""), "/id"],
    ["an id that leads elsewhere", () => client.llmConfigurations.delete(".."), "/id"],
    ["no changes", () => client.llmConfigurations.update("a"), ""],
    ["no session", () => client.sessions.stop(), "/target"],
    ["a session's id to start with", () => client.sessions.start({ session_id: NOBODY }), "/target"],
    ["a token with a line break", () => client.sessions.start("tok-0123456789\n"), "/target"],
    ["a circle", () => { const circle = {}; circle.self = circle; return client.secrets.create(circle); }, ""],
    ["a session that is none", () => client.sessions.createToken(), ""],
  ]) {
    test(name, async () => {
      const rejected = call();
      assert.ok(rejected instanceof Promise);
      const error = await thrown(() => rejected);
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, path);
      assert.doesNotMatch(error.stack, /0123456789/);
      assert.equal(service.requests.length, 0);
    });
  }

  test("a secret is validated, unless one insists", async () => {
    const wrong = { secretName: "n", secret_value: "sk-0123456789", secret_type: "OPENAI_API_KEY" };
    const error = await thrown(() => client.secrets.create(wrong));
    assert.ok(error instanceof ValidationError);
    assert.deepEqual([error.issues[0].path, error.issues[0].code], ["/secret_name", "missing"]);
    assert.equal(service.requests.length, 0);
    assert.equal((await thrown(() => client.secrets.create(wrong, { validate: false }))).status, 422);
  });

  test("a session is validated, unless one insists", async () => {
    const wrong = session({ is_sandbox: true, contextId: DEMO_CONTEXT });
    const error = await thrown(() => client.sessions.createToken(wrong));
    assert.ok(error instanceof ValidationError);
    assert.deepEqual(error.issues.map(({ code, severity }) => [code, severity]), [["sandbox_avatar", "error"], ["misplaced", "warning"]]);
    assert.equal(error.code, "sandbox_avatar");
    assert.equal(service.requests.length, 0);
    const refused = await thrown(() => client.sessions.createToken(wrong, { validate: false }));
    assert.deepEqual([refused.name, refused.status], ["ApiError", 400]);
    assert.ok((await client.sessions.createToken(session({ contextId: DEMO_CONTEXT }))).session_token, "a warning holds nobody up");
  });

  test("a page is no place for the key", async () => {
    globalThis.window = globalThis;
    globalThis.document = {};
    try {
      for (const apiKey of [API_KEY, () => API_KEY]) {
        const error = await thrown(() => new LiveAvatar({ apiKey }));
        assert.ok(error instanceof LiveAvatarLlmError);
        assert.equal(error.code, "key_in_page");
        assert.doesNotMatch(error.stack, /0123456789/);
        const allowed = new LiveAvatar({ apiKey, baseUrl: service.url, dangerouslyAllowBrowser: true });
        assert.deepEqual(await allowed.secrets.list(), []);
      }
    } finally {
      delete globalThis.window;
      delete globalThis.document;
    }
  });
});

test("neither the client nor its errors show a key or a token", async () => {
  const { session_token } = await started();
  const shown = [inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client), String(client)];
  service.set({ errorShape: "fastapi" });
  // The service quotes what it refuses.
  service.fail({ kind: "refusal", status: 400, message: `who is ${API_KEY}?` });
  const errors = [
    await thrown(() => client.secrets.list()),
    await thrown(() => client.secrets.create({ secretValue: "sk-0123456789" }, { validate: false })),
    await thrown(() => client.sessions.start(session_token)),
  ];
  for (const error of errors) shown.push(inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), error.stack, error.body);
  assert.match(errors[1].body, /•••/, "the stand-in does quote the body");
  for (const text of shown) {
    assert.doesNotMatch(text, /0123456789/);
    assert.ok(!text.includes(session_token));
  }
});

describe("validation", () => {
  const right = {
    "a session": [validateSessionToken, session()],
    "a secret": [validateSecret, { secret_name: "n", secret_value: "v", secret_type: "OPENAI_API_KEY" }],
    "an LLM configuration": [validateLlmConfiguration, { display_name: "d", model_name: "m", secret_id: "s", base_url: "https://a.example.com/v1" }],
    "changes of an LLM configuration": [(payload) => validateLlmConfiguration(payload, { update: true }), { model_name: "m" }],
    "a context": [validateContext, { name: "n", prompt: "p", opening_text: null }],
  };
  for (const [name, [validate, payload]] of Object.entries(right)) {
    test(`${name}: nothing, errors, warnings`, () => {
      assert.deepEqual(validate(payload), []);
      const [issue] = validate({ ...payload, zzzzzz: 1 });
      assert.deepEqual([issue.path, issue.code, issue.severity], ["/zzzzzz", "unknown_member", "warning"]);
      for (const wrong of [undefined, null, 5, "x", [], () => {}, Symbol("x"), 5n]) {
        const [{ path, severity }] = validate(wrong);
        assert.deepEqual([path, severity], ["", "error"]);
      }
      const circle = { ...payload };
      circle.self = circle;
      assert.equal(validate(circle)[0].code, "not_json");
    });
  }

  test("an issue is plain data, with a suggestion where there is one", () => {
    assert.deepEqual(validateSessionToken(session({ avatarId: OWN_AVATAR })), [
      {
        path: "/avatarId",
        code: "unknown_member",
        message: "`avatarId` has no effect, and LiveAvatar does not say so: write `avatar_id`",
        severity: "warning",
        suggestion: "avatar_id",
      },
    ]);
    const [issue] = validateSessionToken(session({ avatar_id: "wayne" }));
    assert.deepEqual(Object.keys(issue), ["path", "code", "message", "severity"]);
  });

  test("what the stand-in refuses is an error, and what it accepts is none", async () => {
    const uuid = OWN_AVATAR;
    const persona = (more) => session({ avatar_persona: { context_id: DEMO_CONTEXT, ...more } });
    const voice = (more) => persona({ voice_settings: more });
    const lite = (more) => ({ mode: "LITE", avatar_id: uuid, ...more });
    const variables = (count, value = "v") => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, value]));
    for (const payload of [
      session(), session({ mode: undefined }), session({ mode: "full" }), session({ avatar_id: "x" }), session({ avatar_id: undefined }),
      session({ avatar_id: uuid.replaceAll("-", "") }), session({ is_sandbox: true }), session({ is_sandbox: "true" }),
      session({ is_sandbox: null }), session({ is_sandbox: true, avatar_id: WAYNE, max_session_duration: 60 }),
      session({ is_sandbox: true, avatar_id: WAYNE, max_session_duration: 61 }), session({ max_session_duration: 0 }),
      session({ max_session_duration: null }), session({ max_session_duration: 1.5 }), session({ video_settings: null }),
      session({ video_settings: { quality: "best" } }), session({ video_settings: { encoding: "VP8" } }), session({ avatar_persona: null }),
      session({ voice_agent: { id: uuid } }), session({ avatar_persona: undefined, voice_agent: {} }), session({ interactivity_type: "PTT" }),
      session({ llm_configuration_id: "x" }), session({ llm_configuration_id: null }), session({ llm_configuration_id: NOBODY }),
      session({ dynamic_variables: variables(50) }), session({ dynamic_variables: variables(51) }),
      session({ dynamic_variables: variables(1, "x".repeat(1000)) }), session({ dynamic_variables: variables(1, "x".repeat(1001)) }),
      session({ dynamic_variables: { ["n".repeat(65)]: "v" } }), session({ dynamic_variables: { n: 5 } }), session({ dynamic_variables: { n: null } }),
      session({ dynamic_variables: [] }), session({ memory: { prev_session_id: "x" } }), session({ memory: {} }), session({ zzz: 1 }),
      persona({ voice_id: "x" }), persona({ context_id: "x" }), persona({ language: 5 }), persona({ stt_config: {} }), persona({ stt_config: { provider: "x" } }),
      voice({}), voice({ provider: "fish", speed: 1.2 }), voice({ provider: "fish", speed: 1.3 }), voice({ provider: "fish", model: "s3" }),
      voice({ provider: "elevenLabs", stability: -0.1 }), voice({ provider: "elevenLabs", apply_language_text_normalization: true }),
      voice({ provider: "cartesia", anything: 1 }), voice({ provider: "x" }), lite(), lite({ avatar_id: 5 }), lite({ llm_configuration_id: "x" }),
      lite({ livekit_config: {} }), lite({ livekit_config: { livekit_url: "a", livekit_room: "b", livekit_client_token: "c" } }),
      lite({ openai_realtime_config: { secret_id: uuid, temperature: 0.5 } }), lite({ openai_realtime_config: { secret_id: uuid, voice: "cedar" } }),
      lite({ gemini_realtime_config: { secret_id: uuid, voice: "Pluto" } }), lite({ gemini_realtime_config: { secret_id: uuid, temperature: 2 } }),
      lite({ elevenlabs_agent_config: { secret_id: uuid } }), lite({ cartesia_agent_config: { secret_id: uuid, agent_id: "a", more: 1 } }),
      lite({ agora_config: { agora_app_id: "a", agora_token: "b", agora_channel: "c", agora_uid: 5 } }),
    ]) {
      const isWrong = validateSessionToken(payload).some(({ severity }) => severity === "error");
      const refused = await client.sessions.createToken(payload, { validate: false }).then(() => false, (error) => (error instanceof ApiError ? error.message : assert.fail(error)));
      assert.equal(isWrong, Boolean(refused), `${JSON.stringify(payload)} ${refused}`);
    }
  });
});
