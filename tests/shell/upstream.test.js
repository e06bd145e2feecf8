// What an upstream may be, and what the requests to it look like.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { after, describe, test } from "node:test";

import { ChatClient, LiveAvatarLlmError, ValidationError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { answered, ask, messages, thrown } from "./asking.js";

const llm = await startLlm();
after(() => llm.close());

const cyclic = {};
cyclic.self = cyclic;

/** Upstreams that are wrong: at which path, by which rule, and what must be said about it. */
const WRONG = {
  "nothing": [undefined, "", "wrong_type", /must be an object/],
  "null": [null, "", "wrong_type", /must be an object/],
  "a string": ["https://api.example.com/v1", "", "wrong_type", /must be an object/],
  "a list": [[], "", "wrong_type", /must be an object/],
  "a function": [() => {}, "", "wrong_type", /must be an object/],
  "a number as key": [{ apiKey: 5 }, "/apiKey", "wrong_type", /string, or a function/],
  "null as key": [{ apiKey: null }, "/apiKey", "unset", /variable that is not set: give the key, or leave it out if the upstream needs none$/],
  "a key that is not set": [{ apiKey: undefined }, "/apiKey", "unset", /variable that is not set/],
  "an address that is not set": [{ baseUrl: undefined }, "/baseUrl", "unset", /variable that is not set: leave it out for the default$/],
  "a model that is not set": [{ model: undefined }, "/model", "unset", /variable that is not set/],
  "a header that is not set": [{ headers: { "x-a": undefined } }, "/headers/x-a", "wrong_type", /string/],
  "a key of two lines": [{ apiKey: "sk-0123456789\nb" }, "/apiKey", "bad_key", /line break/],
  "a key with a quote of a word processor": [{ apiKey: "sk-0123456789”" }, "/apiKey", "bad_key", /not ASCII/],
  "a port that is none": [{ baseUrl: "https://a.example.com:99999" }, "/baseUrl", "bad_url", /host and port/],
  "a host that is none": [{ baseUrl: "https://[::g]/v1" }, "/baseUrl", "bad_url", /host and port/],
  "headers that give no pairs": [{ headers: new Set(["x-a"]) }, "/headers", "wrong_type", /object of strings/],
  "a query with a name twice": [{ query: new URLSearchParams("a=1&a=2") }, "/query/a", "duplicate", /once/],
  "an empty key": [{ apiKey: "" }, "/apiKey", "bad_key", /empty/],
  "a number as fetch": [{ fetch: 5 }, "/fetch", "wrong_type", /function like fetch/],
  "null as fetch": [{ fetch: null }, "/fetch", "wrong_type", /function like fetch/],
  "a fetch object without fetch": [{ fetch: { get() {} } }, "/fetch", "wrong_type", /function like fetch/],
  "an unknown provider": [{ provider: "robot" }, "/provider", "unknown_provider", /"robot".*"openai"/],
  "a number as provider": [{ provider: 5 }, "/provider", "wrong_type", /string/],
  "no scheme": [{ baseUrl: "api.example.com/v1" }, "/baseUrl", "bad_url", /https:\/\//],
  "the endpoint instead of the base": [{ baseUrl: "https://api.example.com/v1/chat/completions" }, "/baseUrl", "bad_url", /write https:\/\/api\.example\.com\/v1/],
  "a key in the address": [{ baseUrl: "https://user:pass@api.example.com" }, "/baseUrl", "bad_url", /`apiKey`/],
  "a query in the address": [{ baseUrl: "https://api.example.com/v1?a=b" }, "/baseUrl", "bad_url", /`query`/],
  "a number as base URL": [{ baseUrl: 5 }, "/baseUrl", "wrong_type", /string/],
  "an empty model": [{ model: "" }, "/model", "wrong_type", /empty/],
  "headers as a list": [{ headers: [["a", "b"]] }, "/headers", "wrong_type", /object/],
  "a number in a header": [{ headers: { "x-n": 5 } }, "/headers/x-n", "wrong_type", /string/],
  "a line break in a header": [{ headers: { "x-n": "a\nb" } }, "/headers/x-n", "bad_header", /line break/],
  "a space in a header's name": [{ headers: { "x n": "a" } }, "/headers/x n", "bad_header", /header name/],
  "a number in the query": [{ query: { v: 5 } }, "/query/v", "wrong_type", /string/],
  "defaults as a string": [{ defaults: "temperature" }, "/defaults", "wrong_type", /object/],
  "a BigInt in the defaults": [{ defaults: { seed: 5n } }, "", "not_json", /BigInt/],
  "a circle in the override": [{ override: cyclic }, "", "not_json", /circular/i],
};

describe("a wrong upstream is told before anything is sent", () => {
  for (const [name, [upstream, path, code, message]] of Object.entries(WRONG)) {
    test(name, async () => {
      const error = await thrown(() => new ChatClient(upstream));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.deepEqual(error.issues.map((issue) => [issue.path, issue.code, issue.severity]), [[path, code, "error"]]);
      assert.match(error.message, message);
      assert.equal(error.code, code);
    });
  }
});

/** Names that are not ours, and which of ours is meant. */
const MEANT = { baseURL: "baseUrl", base_url: "baseUrl", url: "baseUrl", endpoint: "baseUrl", key: "apiKey", api_key: "apiKey", token: "apiKey", Model: "model", modelName: "model", overrides: "override" };

for (const [name, meant] of Object.entries(MEANT)) {
  test(`\`${name}\` is answered with \`${meant}\``, async () => {
    const error = await thrown(() => new ChatClient({ [name]: "https://api.example.com" }));
    assert.equal(error.issues[0].path, `/${name}`);
    assert.equal(error.issues[0].code, "unknown_member");
    assert.equal(error.issues[0].suggestion, meant);
    assert.match(error.message, new RegExp(`\`${meant}\``));
  });
}

test("everything that is wrong is told at once", async () => {
  const error = await thrown(() => new ChatClient({ baseURL: "x", modell: "m", headers: { a: 1 }, query: { b: null } }));
  assert.deepEqual(error.issues.map(({ path }) => path).sort(), ["/baseURL", "/headers/a", "/modell", "/query/b"]);
  assert.match(error.message, /3 more, see `issues`/);
});

/** Options that are wrong, for a client and for a call. */
const OPTIONS = {
  "null": [null, "", /object/],
  "a string": ["fast", "", /object/],
  "a list": [[1], "", /object/],
  "an unknown one": [{ retries: 1 }, "/retries", /`maxRetries`/],
  "an unknown deadline": [{ timeouts: { idle: 5 } }, "/timeouts/idle", /idleMs/],
  "a number as deadlines": [{ timeouts: 5 }, "/timeouts", /object/],
  "a deadline of 0": [{ timeouts: { idleMs: 0 } }, "/timeouts/idleMs", /above 0/],
  "a negative deadline": [{ timeouts: { totalMs: -1 } }, "/timeouts/totalMs", /above 0/],
  "a deadline that is no number": [{ timeouts: { headersMs: NaN } }, "/timeouts/headersMs", /above 0/],
  "a deadline of minus infinity": [{ timeouts: { firstTokenMs: -Infinity } }, "/timeouts/firstTokenMs", /above 0/],
  "a string as deadline": [{ timeouts: { headersMs: "5" } }, "/timeouts/headersMs", /above 0/],
  "half a retry": [{ maxRetries: 0.5 }, "/maxRetries", /whole number/],
  "retries for ever": [{ maxRetries: Infinity }, "/maxRetries", /whole number/],
  "fewer than no retries": [{ maxRetries: -1 }, "/maxRetries", /whole number/],
  "a BigInt": [{ maxRetries: 1n }, "", /BigInt/],
};

for (const [name, [options, path, message]] of Object.entries(OPTIONS)) {
  test(`wrong options: ${name}`, async () => {
    const client = new ChatClient({ baseUrl: llm.baseUrl });
    const before = llm.requests.length;
    for (const work of [
      () => new ChatClient({ baseUrl: llm.baseUrl }, options),
      () => client.stream(ask("hello"), options),
      () => client.complete(ask("hello"), options),
    ]) {
      const error = await thrown(work);
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, path);
      assert.match(error.message, message);
    }
    assert.equal(llm.requests.length, before);
  });
}

for (const signal of ["stop", {}, { aborted: false }, { aborted: false, addEventListener() {} }, new AbortController()]) {
  test(`a signal that is none: ${JSON.stringify(signal)}`, async () => {
    const error = await thrown(() => new ChatClient({ baseUrl: llm.baseUrl }).stream(ask("hello"), { signal }));
    assert.ok(error instanceof ValidationError, error?.stack);
    assert.equal(error.issues[0].path, "/signal");
  });
}

const nested = (depth) => {
  let list = [];
  while (--depth > 0) list = [list];
  return list;
};

/** Requests that cannot be sent. */
const REQUESTS = {
  "nothing": [undefined, "", /missing/],
  "null": [null, "", /null/],
  "a number": [5, "", /number/],
  "a string": ["hello", "", /string/],
  "a list": [[], "", /array|list/],
  "a symbol": [Symbol("hello"), "", /symbol/],
  "a function": [() => {}, "", /function/],
  "no messages": [{}, "/messages", /missing/],
  "a string as messages": [{ messages: "hello" }, "/messages", /list/],
  "a message that is a string": [{ messages: ["hello"] }, "/messages/0/role", /role/],
  "a message without role": [{ messages: [...messages, { content: "x" }] }, "/messages/1/role", /role/],
  "a circle": [{ messages, cyclic }, "", /circular/i],
  "a BigInt": [{ messages, seed: 5n }, "", /BigInt/],
  "a toJSON that throws": [{ messages, toJSON() { throw new Error("not today"); } }, "", /not today/],
  "a toJSON that throws no Error": [{ messages, toJSON() { throw "nothing"; } }, "", /nothing/],
  "a toJSON that gives a string": [{ messages, toJSON: () => "hello" }, "", /string/],
  "a getter that throws": [{ messages, get user() { throw new Error("nobody"); } }, "", /nobody/],
  "nested beyond reason": [{ messages, deep: nested(500) }, "", /nesting/],
  "nested beyond what the runtime can write": [{ messages, deep: nested(100_000) }, "", /cannot be sent as JSON/],
  "no model anywhere": [{ messages }, "/model", /in the request or in the upstream/],
  "a number as model": [{ messages, model: 5 }, "/model", /model's name/],
  "an empty model": [{ messages, model: "" }, "/model", /empty/],
};

describe("a wrong request is told before anything is sent", () => {
  for (const [name, [request, path, message]] of Object.entries(REQUESTS)) {
    test(name, async () => {
      const client = new ChatClient({ baseUrl: llm.baseUrl });
      const before = llm.requests.length;
      for (const work of [() => client.stream(request), () => client.complete(request)]) {
        const error = await thrown(work);
        assert.ok(error instanceof ValidationError, error?.stack);
        assert.equal(error.issues[0].path, path);
        assert.match(error.message, message);
      }
      const rejected = client.complete(request);
      assert.ok(rejected instanceof Promise, "complete() rejects, it does not throw");
      await assert.rejects(rejected);
      assert.equal(llm.requests.length, before);
      assert.equal((await client.complete(ask("hello"))).choices[0].message.content, "Hello world", "the client works on");
    });
  }
});

test("a request with toJSON is what that gives", async () => {
  const client = new ChatClient({ baseUrl: llm.baseUrl });
  const completion = await client.complete({ toJSON: () => ask("echo") });
  assert.equal(completion.choices[0].message.content, "Hello");
});

test("what is asked arrives as it was asked, unknown members too", async () => {
  const client = new ChatClient({ baseUrl: llm.baseUrl, model: "hello" });
  const request = {
    messages: [{ role: "user", content: "Grüße 🎉 \ud83d \" \\ \u2028 \0", name: "x" }],
    temperature: 1e-7,
    seed: 9007199254740993,
    logit_bias: { 5: -100 },
    own: { deep: [1, null, true, { a: "b" }] },
    stream: false,
  };
  await client.stream(request).completion();
  const { method, path, headers, body } = llm.requests.at(-1);
  assert.equal(`${method} ${path}`, "POST /v1/chat/completions");
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers.authorization, undefined, "no key, no header");
  const sent = JSON.parse(JSON.stringify(request).replace("\\ud83d \\\"", "\ufffd \\\""));
  assert.deepEqual(body, { ...sent, model: "hello", stream: true }, "a lone surrogate, which UTF-8 cannot carry, is replaced");
});

test("model, headers, query, defaults and override are added", async () => {
  const client = new ChatClient({
    baseUrl: `${llm.baseUrl}/`,
    model: "hello",
    headers: { "X-Team": "a b" },
    query: { "api version": "1&2" },
    defaults: { temperature: 0.1, top_p: 0.2, own: 1 },
    override: { top_p: 0.9, user: null },
  });
  await client.stream({ messages, temperature: 0.7, user: "me" }).completion();
  const { path, query, headers, body } = llm.requests.at(-1);
  assert.equal(path, "/v1/chat/completions");
  assert.deepEqual(query, { "api version": "1&2" });
  assert.equal(headers["x-team"], "a b");
  assert.deepEqual(body, { messages, model: "hello", temperature: 0.7, top_p: 0.9, own: 1, stream: true });
});

test("complete() asks for token counts, unless someone says otherwise", async () => {
  const client = new ChatClient({ baseUrl: llm.baseUrl, model: "hello" });
  const asked = async (of, request) => {
    const completion = await of.complete(request);
    return [llm.requests.at(-1).body.stream_options, completion.usage?.total_tokens > 0];
  };
  assert.deepEqual(await asked(client, { messages }), [{ include_usage: true }, true]);
  assert.deepEqual(await asked(client, { messages, stream_options: { include_usage: false } }), [{ include_usage: false }, false]);
  const refusing = new ChatClient({ baseUrl: llm.baseUrl, model: "hello", override: { stream_options: null } });
  assert.deepEqual(await asked(refusing, { messages }), [undefined, false]);
  await client.stream({ messages }).completion();
  assert.equal(llm.requests.at(-1).body.stream_options, undefined, "stream() asks for nothing of its own");
});

test("the methods of a client work alone and spread", async () => {
  const { stream, complete } = new ChatClient({ baseUrl: llm.baseUrl, model: "hello" });
  assert.equal((await complete({ messages })).choices[0].message.content, "Hello world");
  assert.equal((await stream({ messages }).completion()).choices[0].message.content, "Hello world");
  const spread = { ...new ChatClient({ baseUrl: llm.baseUrl, model: "hello" }) };
  assert.equal((await spread.complete({ messages })).choices[0].message.content, "Hello world");
});

test("a client keeps what it was made of", async () => {
  const upstream = { baseUrl: llm.baseUrl, model: "hello", headers: { "x-a": "1" } };
  const client = new ChatClient(upstream);
  upstream.model = "count";
  upstream.headers["x-a"] = "2";
  upstream.baseUrl = "http://127.0.0.1:1";
  assert.equal((await client.complete({ messages })).choices[0].message.content, "Hello world");
  assert.equal(llm.requests.at(-1).headers["x-a"], "1");
});

describe("in a page", () => {
  const inPage = async (work) => {
    globalThis.window = globalThis;
    globalThis.document = {};
    try {
      return await work();
    } finally {
      delete globalThis.window;
      delete globalThis.document;
    }
  };

  for (const apiKey of ["sk-0123456789", () => "sk-0123456789"]) {
    test(`a key (${typeof apiKey}) is refused`, () =>
      inPage(async () => {
        const error = await thrown(() => new ChatClient({ baseUrl: llm.baseUrl, apiKey }));
        assert.ok(error instanceof LiveAvatarLlmError);
        assert.equal(error.code, "key_in_page");
        assert.match(error.message, /dangerouslyAllowBrowser/);
        assert.doesNotMatch(error.stack, /0123456789/);
      }));

    test(`a key (${typeof apiKey}) is let through when asked to`, () =>
      inPage(async () => {
        const client = new ChatClient({ baseUrl: llm.baseUrl, apiKey }, { dangerouslyAllowBrowser: true });
        await client.complete(ask("hello"));
        assert.equal(llm.requests.at(-1).headers.authorization, "Bearer sk-0123456789");
      }));
  }

  test("no key needs no guard", () =>
    inPage(async () => {
      await new ChatClient({ baseUrl: llm.baseUrl }).complete(ask("hello"));
      assert.equal(llm.requests.at(-1).headers.authorization, undefined);
    }));
});

test("a fetch of one's own is asked with a Request that has all of it", async () => {
  const controller = new AbortController();
  let request;
  const client = new ChatClient({
    baseUrl: "http://127.0.0.1:1/v1", model: "m", apiKey: "sk-0123456789", headers: { "x-a": "1" },
    fetch: (given) => {
      request = given;
      return answered("Hi");
    },
  });
  await client.complete({ messages }, { signal: controller.signal });
  assert.ok(request instanceof Request);
  assert.equal(request.method, "POST");
  assert.equal(request.url, "http://127.0.0.1:1/v1/chat/completions");
  assert.equal(request.redirect, "manual");
  assert.equal(request.headers.get("authorization"), "Bearer sk-0123456789");
  assert.equal(request.headers.get("accept"), "text/event-stream");
  assert.equal(request.headers.get("x-a"), "1");
  assert.deepEqual(await request.json(), { messages, model: "m", stream: true, stream_options: { include_usage: true } });
});

test("headers and a query may be given as what they are elsewhere", async () => {
  for (const [headers, query] of [
    [new Headers({ "x-a": "1", "x-b": "2" }), new URLSearchParams({ c: "3", d: "4 5" })],
    [new Map([["x-a", "1"], ["x-b", "2"]]), new Map([["c", "3"], ["d", "4 5"]])],
    [{ "x-a": "1", "x-b": "2" }, { c: "3", d: "4 5" }],
  ]) {
    let request;
    const client = new ChatClient({ baseUrl: "http://127.0.0.1:1/v1", headers, query, model: "m", fetch: (given) => ((request = given), answered("Hi")) });
    await client.complete({ messages });
    assert.deepEqual([request.headers.get("x-a"), request.headers.get("x-b")], ["1", "2"]);
    assert.equal(request.url, "http://127.0.0.1:1/v1/chat/completions?c=3&d=4%205");
  }
});

test("whatever headers and query hold is kept out of errors, unless it is too short to be a secret", async () => {
  const headers = { "x-room": "room-0123456789", "x-mode": "fast" };
  const query = { session: "session/0123456789" };
  const fetch = (request) => Response.json({ error: { message: `no: ${request.url} ${request.headers.get("x-room")} fast` } }, { status: 400 });
  const error = await thrown(() => new ChatClient({ baseUrl: "http://127.0.0.1:1/v1", headers, query, model: "m", fetch }).complete({ messages }));
  assert.equal(error.status, 400);
  assert.match(error.message, /no: .*session=••• ••• fast/);
  assert.doesNotMatch(inspect(error, { depth: 9 }), /0123456789/);
});
