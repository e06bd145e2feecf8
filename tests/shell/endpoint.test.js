// An endpoint's side of HTTP, and what a developer may set.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ChatEndpoint, ValidationError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { thrown } from "./asking.js";
import { FAILURE, hear, request, said, serving, TOKEN } from "./serving.js";

const KEY = "sk-0123456789";
const llm = await startLlm({ key: KEY });
after(() => llm.close());

const upstream = (model) => ({ baseUrl: llm.baseUrl, apiKey: KEY, model });

describe("addresses", () => {
  const hello = serving(() => "Hello world");
  for (const path of ["/chat/completions", "/v1/chat/completions", "/tenants/7/v1/chat/completions?x=1", "/v1/chat/completions/"]) {
    test(`POST ${path} is answered`, async () => {
      assert.equal((await hear(hello.ask(said(), { path }))).text, "Hello world");
    });
  }

  for (const [method, path, status, allow] of [
    ["POST", "/v1/chat/completions/chat/completions", 404],
    ["GET", "/v1/chat/completions/models", 404],
    ["POST", "/v1", 404],
    ["GET", "/", 404],
    ["GET", "/v1/chat/completions", 405, "POST"],
    ["PUT", "/v1/chat/completions", 405, "POST"],
    ["OPTIONS", "/v1/chat/completions", 405, "POST"],
    ["POST", "/v1/models", 405, "GET"],
  ]) {
    test(`${method} ${path} is refused with ${status}`, async () => {
      const response = await hello.ask(undefined, { method, path });
      assert.deepEqual([response.status, response.headers.get("allow")], [status, allow ?? null]);
      await refused(response);
    });
  }

  test("a doubled path is told what to register", async () => {
    const { error } = await (await hello.ask(said(), { path: "/v1/chat/completions/chat/completions" })).json();
    assert.match(error.message, /without \/chat\/completions/);
  });

  for (const [name, source, model] of [["an upstream's model", { baseUrl: llm.baseUrl, model: "gpt-x" }, "gpt-x"], ["some model", () => "Hello", "default"]]) {
    test(`GET /models lists ${name}`, async () => {
      for (const path of ["/models", "/v1/models"]) {
        const response = await serving(source).ask(undefined, { method: "GET", path });
        assert.equal(response.status, 200);
        assert.deepEqual(await response.json(), { object: "list", data: [{ id: model, object: "model", created: 0, owned_by: "liveavatar-llm" }] });
      }
    });
  }

  test("looking at the models is no turn", async () => {
    const models = serving(() => assert.fail("asked"));
    await models.ask(undefined, { method: "GET", path: "/v1/models" });
    assert.deepEqual([models.turns, await models.report()], [[], undefined]);
  });
});

/** Who is let in. */
const AUTH = {
  "the right token": [{ bearer: TOKEN }, TOKEN, true],
  "another token": [{ bearer: TOKEN }, "another", false],
  "the beginning of the token": [{ bearer: TOKEN }, TOKEN.slice(0, -1), false],
  "no token": [{ bearer: TOKEN }, "", false],
  "the second of a list": [{ bearer: ["first", TOKEN] }, TOKEN, true],
  "none of a list": [{ bearer: ["first", "second"] }, TOKEN, false],
  "what a function gives": [{ bearer: () => TOKEN }, TOKEN, true],
  "what an async function gives": [{ bearer: async () => TOKEN }, TOKEN, true],
  "not what a function gives": [{ bearer: async () => "another" }, TOKEN, false],
  "a function that gives nothing, with a token": [{ bearer: () => undefined }, "undefined", false],
  "a function that gives an empty text, with an empty token": [{ bearer: () => "" }, " ", false],
  "whoever a function lets in": [(token) => token === TOKEN, TOKEN, true],
  "whoever an async function lets in": [async (token, { headers }) => token === TOKEN && headers.get("x-livekit-room-id") === "RM_1", TOKEN, true],
  "a function that gives something like yes": [() => "yes", TOKEN, false],
  "a function that sees no token": [(token) => token === null, "", true],
  "anybody": ["none", "", true],
};

describe("who may ask", () => {
  for (const [name, [auth, token, isLetIn]] of Object.entries(AUTH)) {
    test(`${name}: ${isLetIn ? "yes" : "no"}`, async () => {
      let asked = 0;
      const endpoint = serving(() => (asked++, "Hello"), { auth });
      const headers = { "x-livekit-room-id": "RM_1" };
      for (const [method, path] of [["POST", "/v1/chat/completions"], ["GET", "/v1/models"]]) {
        const response = await endpoint.ask(said(), { method, path, token, headers });
        assert.equal(response.status, isLetIn ? 200 : 401);
        if (isLetIn) await response.text();
        else {
          assert.equal(response.headers.get("www-authenticate"), "Bearer");
          assert.match((await refused(response)).message, /Authorization: Bearer/);
        }
      }
      assert.equal(asked, isLetIn ? 1 : 0);
    });
  }

  test("a scheme other than Bearer is no token", async () => {
    for (const authorization of [TOKEN, `Basic ${TOKEN}`, `Bearer${TOKEN}`, `Bearer other, Bearer ${TOKEN}`]) {
      assert.equal((await serving(() => "Hello").ask(said(), { token: "", headers: { authorization } })).status, 401);
    }
    assert.equal((await serving(() => "Hello").ask(said(), { token: "", headers: { authorization: `bearer  ${TOKEN}` } })).status, 200);
  });

  test("a function that throws lets nobody in, is heard of, and may be asked again", async (t) => {
    const { mock } = t.mock.method(console, "error", () => {});
    const why = new Error("the store is down");
    const fail = () => { throw why; };
    for (const auth of [fail, async () => fail(), { bearer: fail }, { bearer: async () => fail() }]) {
      const response = await serving(() => assert.fail("asked"), { auth }).ask();
      assert.equal(response.status, 503);
      assert.equal((await refused(response, "server_error")).code, "unavailable");
      assert.equal(mock.calls.at(-1).arguments[1], why);
    }
    assert.equal(mock.callCount(), 4);
  });

  test("who may not ask learns nothing about the request", async () => {
    const response = await serving(() => "Hello").ask("not JSON", { token: "another" });
    assert.equal(response.status, 401);
  });
});

/** Requests that are none. */
const BODIES = {
  "nothing": ["", "not_json"],
  "no JSON": ["Hello", "not_json"],
  "a list": ["[]", "wrong_type"],
  "no messages": ["{}", "missing"],
  "messages that are a text": ['{"messages":"Hello"}', "wrong_type"],
  "a message without role": ['{"messages":[{"content":"Hello"}]}', "missing"],
  "nested beyond reason": [`{"messages":[],"deep":${"[".repeat(5000)}${"]".repeat(5000)}}`, "not_json"],
};

describe("requests that are none are refused with 400", () => {
  for (const [name, [body, code]] of Object.entries(BODIES)) {
    test(name, async () => {
      const endpoint = serving(() => assert.fail("asked"));
      const response = await endpoint.ask(body);
      assert.equal(response.status, 400);
      assert.equal((await refused(response)).code, code);
      assert.deepEqual(endpoint.turns, []);
    });
  }
});

test("a request that is too large is refused with 413, however it comes", async () => {
  const limits = { bodyBytes: 1000 };
  const large = said("x".repeat(1000));
  const endpoint = serving(() => "Hello", { limits });
  const known = await endpoint.ask(large, { headers: { "content-length": "1100" } });
  const streamed = await endpoint.ask(large);
  for (const response of [known, streamed]) {
    assert.equal(response.status, 413);
    assert.match((await refused(response)).message, /limits\.bodyBytes/);
  }
  assert.equal((await hear(endpoint.ask(said("x".repeat(500))))).text, "Hello");
});

test("of a request that is too large no more is read than is needed to know", async () => {
  let pulled = 0;
  const body = new ReadableStream({ pull: (controller) => void (pulled++, controller.enqueue(new Uint8Array(600))) }, { highWaterMark: 0 });
  const { endpoint } = serving(() => "Hello", { limits: { bodyBytes: 1000 } });
  const url = "http://endpoint.example/chat/completions";
  const response = await endpoint.fetch(new Request(url, { method: "POST", body, duplex: "half", headers: { authorization: `Bearer ${TOKEN}` } }));
  assert.equal(response.status, 413);
  assert.equal(pulled, 2);
});

/** Bodies of requests that cannot be read: whatever the platform gives. */
const UNREADABLE = {
  "breaks off": () => new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) }),
  "breaks off midway": () => {
    let pulls = 0;
    return new ReadableStream({ pull: (controller) => (pulls++ ? controller.error(new Error("reset")) : controller.enqueue(new Uint8Array(5))) });
  },
  "is being read already": () => {
    const body = new ReadableStream();
    body.getReader();
    return body;
  },
  "gives texts": () => ReadableStream.from(["{}"]),
  "gives nothing": () => ({ getReader: () => ({ read() {}, cancel() {} }) }),
};

for (const [name, body] of Object.entries(UNREADABLE)) {
  test(`a request whose body ${name} is refused with 400`, async () => {
    const endpoint = serving(() => assert.fail("asked"));
    const unreadable = request(said());
    Object.defineProperty(unreadable, "body", { value: body() });
    const response = await endpoint.endpoint.fetch(unreadable);
    assert.equal(response.status, 400);
    assert.equal((await refused(response)).code, "unreadable");
  });
}

test("a request may begin with a byte order mark and be cut anywhere", async () => {
  const bytes = new TextEncoder().encode(`\ufeff${JSON.stringify(said("Grüße €"))}`);
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const { endpoint } = serving((_, { text }) => text);
  const url = "http://endpoint.example/chat/completions";
  const response = await endpoint.fetch(new Request(url, { method: "POST", body, duplex: "half", headers: { authorization: `Bearer ${TOKEN}` } }));
  assert.equal((await hear(response)).text, "Grüße €");
});

const source = () => "Hello";
const auth = "none";

/** Options that are wrong: where, by which rule, and what must be said about it. */
const WRONG = {
  "nothing": [undefined, "", "wrong_type", /\{ source, auth \}/],
  "null": [null, "", "wrong_type", /\{ source, auth \}/],
  "a list": [[], "", "wrong_type", /\{ source, auth \}/],
  "no source": [{ auth }, "/source", "missing", /`source` is missing/],
  "a text as source": [{ source: "gpt", auth }, "/source", "wrong_type", /upstream/],
  "an empty list of sources": [{ source: [], auth }, "/source", "missing", /at least/],
  "a wrong member of a source in a list": [{ source: [{ model: "a" }, { baseURL: "https://a.example" }], auth }, "/source/1/baseURL", "unknown_member", /`baseUrl`/],
  "a wrong member of a model's source": [{ source: { fast: { baseURL: "https://a.example", model: "a" }, slow: () => "" }, auth }, "/source/fast/baseURL", "unknown_member", /`baseUrl`/],
  "no source for a model": [{ source: { fast: [], slow: () => "" }, auth }, "/source/fast", "missing", /at least/],
  "an unknown output": [{ source: () => "", auth, output: "loud" }, "/output", "wrong_value", /"faithful"/],
  "no function as `prepare`": [{ source: () => "", auth, prepare: {} }, "/prepare", "wrong_type", /function/],
  "no list as tools": [{ source: () => "", auth, tools: {} }, "/tools", "wrong_type", /list/],
  "a tool that cannot be run": [{ source: () => "", auth, tools: [{ name: "a" }] }, "/tools/0/run", "missing", /function/],
  "a tool without a name": [{ source: () => "", auth, tools: [{ run() {} }] }, "/tools/0/name", "bad_name", /get_weather/],
  "no parameters of a tool": [{ source: () => "", auth, tools: [{ name: "a", run() {}, parameters: { "~standard": {} } }] }, "/tools/0/parameters", "wrong_type", /JSON Schema/],
  "a filler without a time": [{ source: () => "", auth, say: { filler: { line: "Hm." } } }, "/say/filler/afterMs", "missing", /milliseconds/],
  "a filler that is a text": [{ source: () => "", auth, say: { filler: "Hm." } }, "/say/filler", "wrong_type", /object/],
  "an origin with a path": [{ source: () => "", auth, cors: { origins: ["https://a.example/"] } }, "/cors/origins/0", "bad_origin", /scheme, host and port/],
  "a wrong member of the source": [{ source: { baseURL: "https://a.example" }, auth }, "/source/baseURL", "unknown_member", /`baseUrl`/],
  "a wrong base URL of the source": [{ source: { baseUrl: "a.example" }, auth }, "/source/baseUrl", "bad_url", /https:\/\//],
  "an empty key of the source": [{ source: { apiKey: "" }, auth }, "/source/apiKey", "bad_key", /empty/],
  "a number as key of the source": [{ source: { apiKey: 5 }, auth }, "/source/apiKey", "wrong_type", /string/],
  "a number as fetch of the source": [{ source: { fetch: 5 }, auth }, "/source/fetch", "wrong_type", /function/],
  "no auth": [{ source }, "/auth", "missing", /"none"/],
  "null as auth": [{ source, auth: null }, "/auth", "wrong_type", /"none"/],
  "a token as auth": [{ source, auth: TOKEN }, "/auth", "wrong_type", /bearer/],
  "no bearer": [{ source, auth: {} }, "/auth/bearer", "bad_key", /variable that is not set/],
  "an empty bearer": [{ source, auth: { bearer: "" } }, "/auth/bearer", "bad_key", /empty/],
  "a blank bearer": [{ source, auth: { bearer: " \n" } }, "/auth/bearer", "bad_key", /empty/],
  "a bearer that is not set": [{ source, auth: { bearer: undefined } }, "/auth/bearer", "bad_key", /variable that is not set/],
  "a bearer with a line break": [{ source, auth: { bearer: `${TOKEN}\n` } }, "/auth/bearer", "bad_key", /trim/],
  "a bearer of two lines": [{ source, auth: { bearer: `${TOKEN}\n${TOKEN}` } }, "/auth/bearer", "bad_key", /^`auth\.bearer` holds a line break/],
  "a bearer with a control character": [{ source, auth: { bearer: [TOKEN, `${TOKEN}\0`] } }, "/auth/bearer", "bad_key", /control character/],
  "a bearer with a dash of a word processor": [{ source, auth: { bearer: `–${TOKEN}` } }, "/auth/bearer", "bad_key", /not ASCII/],
  "a source's key of two lines": [{ source: { apiKey: `${KEY}\n${KEY}` }, auth }, "/source/apiKey", "bad_key", /line break/],
  "a source's key that is not set": [{ source: { apiKey: undefined }, auth }, "/source/apiKey", "unset", /variable that is not set/],
  "a source's address that is not set": [{ source: { baseUrl: undefined }, auth }, "/source/baseUrl", "unset", /`source\.baseUrl` .*variable that is not set/],
  "a source's port that is none": [{ source: { baseUrl: "https://a.example.com:99999" }, auth }, "/source/baseUrl", "bad_url", /host and port/],
  "a source's query with a name twice": [{ source: { query: new URLSearchParams("a=1&a=2") }, auth }, "/source/query/a", "duplicate", /once/],
  "no bearers": [{ source, auth: { bearer: [] } }, "/auth/bearer", "bad_key", /empty/],
  "an empty one among the bearers": [{ source, auth: { bearer: [TOKEN, ""] } }, "/auth/bearer", "bad_key", /empty/],
  "an unknown option": [{ source, auth, heartbeat: 5 }, "/heartbeat", "unknown_member", /`heartbeatMs`/],
  "an unknown option that is a function": [{ source, auth, onTurns() {} }, "/onTurns", "unknown_member", /`onTurn`/],
  "another name for auth": [{ source, auth, apiKey: TOKEN }, "/apiKey", "unknown_member", /write `auth`/],
  "a number as onTurn": [{ source, auth, onTurn: 5 }, "/onTurn", "wrong_type", /function/],
  "a heartbeat of 0": [{ source, auth, heartbeatMs: 0 }, "/heartbeatMs", "out_of_range", /above 0/],
  "a heartbeat that is no number": [{ source, auth, heartbeatMs: NaN }, "/heartbeatMs", "out_of_range", /above 0/],
  "a heartbeat that is a text": [{ source, auth, heartbeatMs: "500" }, "/heartbeatMs", "out_of_range", /above 0/],
  "a deadline of 0": [{ source, auth, timeouts: { idleMs: 0 } }, "/timeouts/idleMs", "out_of_range", /`timeouts\.idleMs`/],
  "an unknown deadline": [{ source, auth, timeouts: { totalMs: 5 } }, "/timeouts/totalMs", "unknown_member", /`firstTokenMs`/],
  "a number as deadlines": [{ source, auth, timeouts: 5 }, "/timeouts", "wrong_type", /object/],
  "a limit of 0": [{ source, auth, limits: { bodyBytes: 0 } }, "/limits/bodyBytes", "out_of_range", /whole number/],
  "a list as lines": [{ source, auth, say: [] }, "/say", "wrong_type", /object/],
  "a text as lines": [{ source, auth, say: "Oh." }, "/say", "wrong_type", /object/],
  "an unknown line": [{ source, auth, say: { failed: "Oh." } }, "/say/failed", "unknown_member", /`failure`/],
  "an unknown line that is a function": [{ source, auth, say: { failed: () => "Oh." } }, "/say/failed", "unknown_member", /`failure`/],
  "a number as line": [{ source, auth, say: { empty: 5 } }, "/say/empty", "wrong_type", /text/],
  "a BigInt": [{ source, auth, heartbeatMs: 5n }, "", "not_json", /BigInt/],
};

describe("wrong options are told when the endpoint is made", () => {
  for (const [name, [options, path, code, message]] of Object.entries(WRONG)) {
    test(name, async () => {
      const error = await thrown(() => new ChatEndpoint(options));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.deepEqual(error.issues.map((issue) => [issue.path, issue.code, issue.severity]), [[path, code, "error"]]);
      assert.match(error.message, message);
      assert.ok(!JSON.stringify(error.issues).includes(TOKEN), "no token in it");
      // From a function they are told at the first request.
      const later = await thrown(() => new ChatEndpoint(() => options).fetch(request(said())));
      assert.deepEqual([later.name, later.message], ["ValidationError", error.message]);
    });
  }

  test("several at once", async () => {
    const error = await thrown(() => new ChatEndpoint({ source, auth, heartbeatMs: -1, timeouts: { idle: 1 }, limits: { bodyBytes: 0.5 } }));
    assert.deepEqual(error.issues.map(({ path }) => path), ["/heartbeatMs", "/timeouts/idle", "/limits/bodyBytes"]);
  });
});

test("options may be a function of the worker's bindings, which is called once", async () => {
  let calls = 0;
  const endpoint = new ChatEndpoint((env) => {
    calls++;
    return { source: (_, turn) => `${env.GREETING} ${turn.env === env}`, auth: { bearer: env.TOKEN } };
  });
  assert.equal(calls, 0, "not before the first request");
  const env = { GREETING: "Hello", TOKEN };
  const both = await Promise.all([endpoint.fetch(request(said()), env), endpoint.fetch(request(said()), env)]);
  for (const response of [...both, await endpoint.fetch(request(said()), env)]) assert.equal((await hear(response)).text, "Hello true");
  assert.equal(calls, 1);
});

test("a function of the bindings that throws is called again", async () => {
  let calls = 0;
  const endpoint = new ChatEndpoint(() => {
    if (++calls === 1) throw new Error("not yet");
    return { source, auth };
  });
  assert.equal((await thrown(() => endpoint.fetch(request(said())))).message, "not yet");
  assert.equal((await hear(endpoint.fetch(request(said())))).text, "Hello");
});

test("a function of the bindings that gives a promise is told so", async () => {
  const error = await thrown(() => new ChatEndpoint(async () => ({ source, auth })).fetch(request(said())));
  assert.ok(error instanceof ValidationError);
  assert.match(error.message, /promise/);
});

test("making an endpoint touches nothing that a worker's global scope forbids", async () => {
  const forbidden = ["setTimeout", "fetch", "AbortController", "ReadableStream", "Response"];
  const kept = Object.fromEntries(forbidden.map((name) => [name, globalThis[name]]));
  const { random } = Math;
  try {
    for (const name of forbidden) globalThis[name] = () => assert.fail(`${name} at global scope`);
    Math.random = () => assert.fail("randomness at global scope");
    new ChatEndpoint({ source: upstream("hello"), auth: { bearer: TOKEN } });
    new ChatEndpoint(() => assert.fail("called at global scope"));
  } finally {
    Object.assign(globalThis, kept);
    Math.random = random;
  }
});

test("fetch works alone and spread", async () => {
  const { endpoint } = serving(() => "Hello");
  const { fetch } = endpoint;
  const worker = { ...endpoint, scheduled() {} };
  for (const answer of [fetch(request(said())), worker.fetch(request(said())), fetch.call(undefined, request(said()))]) {
    assert.equal((await hear(answer)).text, "Hello");
  }
});

test("an upstream is asked with the key, its model, and what the caller sent", async () => {
  const endpoint = serving(upstream("hello"));
  const heard = await hear(endpoint.ask());
  assert.deepEqual([heard.text, heard.finish, heard.words], ["Hello world", "stop", ["Hello", " world"]]);
  assert.ok(heard.usage.total_tokens > 0);
  const { headers, body } = llm.requests.at(-1);
  assert.equal(headers.authorization, `Bearer ${KEY}`);
  assert.deepEqual(body, { ...said(), model: "hello" });
  const report = await endpoint.report();
  assert.equal(report.outcome, "spoken");
  assert.deepEqual(report.usage, heard.usage);
});

test("what the developer sets on the upstream wins", async () => {
  const endpoint = serving({ ...upstream("hello"), defaults: { top_p: 1, temperature: 0 }, override: { temperature: null, seed: 5 } });
  await hear(endpoint.ask());
  assert.deepEqual(llm.requests.at(-1).body, { messages: said().messages, model: "hello", stream: true, stream_options: { include_usage: true }, top_p: 1, seed: 5 });
});

test("without a model on the upstream the caller's is asked for", async () => {
  assert.equal((await hear(serving({ baseUrl: llm.baseUrl, apiKey: KEY }).ask(said("Hi", { model: "echo" })))).text, "Hi");
});

test("an answer that is not to be streamed comes whole", async () => {
  for (const stream of [false, undefined, null]) {
    const endpoint = serving(upstream("hello"));
    const response = await endpoint.ask(said("Hi", { stream, stream_options: undefined }));
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/json"]);
    const { id, created, usage, ...whole } = await response.json();
    assert.deepEqual(whole, {
      object: "chat.completion",
      model: "avatar",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello world", refusal: null }, logprobs: null, finish_reason: "stop" }],
    });
    assert.match(id, /^chatcmpl-/);
    assert.ok(Number.isInteger(created) && usage.total_tokens > 0);
    assert.equal((await endpoint.report()).outcome, "spoken");
  }
  const failed = await serving(upstream("hello?status=401")).ask(said("Hi", { stream: false }));
  assert.equal((await failed.json()).choices[0].message.content, FAILURE);
});

test("no key and no token is in a report, a log or a response", async (t) => {
  const logged = [];
  for (const level of ["log", "info", "warn", "error", "debug"]) t.mock.method(console, level, (...all) => logged.push(all.map(String).join(" ")));
  llm.script("leak", ({ headers, res }) => res.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error: { message: `no such key: ${headers.authorization}`, code: KEY } })));
  const endpoint = serving(upstream("leak"));
  const response = await endpoint.ask();
  const written = await response.text();
  const report = await endpoint.report();
  assert.deepEqual([report.outcome, report.error.code, report.error.status], ["failed", "unauthorized", 401]);
  const { inspect } = await import("node:util");
  const all = [written, JSON.stringify([...response.headers]), inspect(report, { depth: 9 }), JSON.stringify(report), report.error.stack, inspect(endpoint.endpoint, { depth: 9, showHidden: true }), ...logged].join("\n");
  assert.ok(!all.includes(KEY) && !all.includes(TOKEN), all);
});

/** A refusal's body, which must have the shape of OpenAI's errors. */
async function refused(response, type = "invalid_request_error") {
  assert.equal(response.headers.get("content-type"), "application/json");
  if (response.body === null) return {};
  const { error } = await response.json();
  assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
  assert.equal(error.type, type);
  return error;
}
