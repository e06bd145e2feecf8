// The errors: what they are, what they show, and that no key is ever in them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";

import {
  ApiError, ChatClient, ChatStream, ConnectionError, DeadlineError, LiveAvatarLlmError, StreamError, ValidationError,
} from "../../pkg/index.js";
import { all, answered, event, messages, never, NOWHERE, refused, thrown, wire } from "./asking.js";

const asking = (fetch, options) => new ChatClient({ ...NOWHERE, fetch }, { maxRetries: 0, ...options });
const completing = (fetch, options) => thrown(() => asking(fetch, options).complete({ messages }));
const cut = () => {
  const line = wire();
  line.send(event({ content: "Hi" }));
  setImmediate(() => line.fail(new Error("cut")));
  return line.response;
};

/** Errors: how to get one, its class, its code, and its own members, sorted. */
const ERRORS = {
  "a wrong upstream": [() => thrown(() => new ChatClient({ baseUrl: 5 })), ValidationError, "wrong_type", ["code", "issues"]],
  "a wrong request": [() => thrown(() => asking(never).stream({})), ValidationError, "missing", ["code", "issues"]],
  "no Response": [() => completing(() => 5), ValidationError, "wrong_type", ["code", "issues"]],
  "a refusal": [() => completing(() => refused(400)), ApiError, "bad_request", ["body", "code", "serviceCode", "status"]],
  "a refusal with everything": [
    () => completing(() => refused(429, { "x-request-id": "req_1", "retry-after": "1" })), ApiError, "rate_limited",
    ["body", "code", "requestId", "retryAfterMs", "serviceCode", "status"],
  ],
  "a refusal without a word": [() => completing(() => refused(500, {}, "")), ApiError, "server_error", ["body", "code", "status"]],
  "no network": [() => completing(() => Promise.reject(new Error("no network"))), ConnectionError, "connection_failed", ["cause", "code"]],
  "a lost connection": [() => completing(cut), ConnectionError, "connection_lost", ["cause", "code", "partial"]],
  "a deadline": [() => completing(never, { timeouts: { headersMs: 1 } }), DeadlineError, "deadline_headers", ["code", "phase"]],
  "half an answer": [() => completing(() => new Response(event({ content: "Hi" }))), StreamError, "stream_truncated", ["code", "kind", "partial"]],
  "no answer": [() => completing(() => new Response("")), StreamError, "stream_empty", ["code", "kind"]],
  "a reported error": [
    () => completing(() => Response.json({ error: { message: "No", code: "no" } })), StreamError, "stream_error",
    ["code", "kind", "serviceCode"],
  ],
  "a second reader": [() => thrown(() => {
    const stream = ChatStream.fromResponse(answered("Hi"));
    stream.textStream();
    stream.textStream();
  }), LiveAvatarLlmError, "already_read", ["code"]],
};

describe("an error", () => {
  for (const [name, [get, Class, code, members]] of Object.entries(ERRORS)) {
    test(`for ${name} is a ${Class.name} with a code, and what belongs to it`, async () => {
      const error = await get();
      assert.equal(error.constructor, Class, error?.stack);
      assert.ok(error instanceof LiveAvatarLlmError && error instanceof Error);
      assert.equal(error.name, Class.name);
      assert.equal(error.code, code);
      assert.ok(error.message.length > 10 && !error.message.includes("\n"), error.message);
      assert.equal(String(error), `${Class.name}: ${error.message}`);
      assert.ok(error.stack.startsWith(String(error)) && error.stack.includes("\n    at "), error.stack);
      assert.ok(inspect(error).includes(String(error)), inspect(error));
      assert.equal(Object.prototype.toString.call(error), "[object Error]");
      assert.deepEqual(Object.getOwnPropertyNames(error).filter((own) => own !== "stack" && own !== "message").sort(), members);
      const { cause, ...plain } = error;
      assert.deepEqual(JSON.parse(JSON.stringify(error)), JSON.parse(JSON.stringify(plain)), "cause, as with all errors, is not for JSON");
      assert.equal(JSON.parse(JSON.stringify(error)).code, code);
      assert.ok(!JSON.stringify(error).includes("undefined") && Object.values(error).every((value) => value !== undefined));
      structuredClone(error);
    });
  }

  test("is of one class only", async () => {
    const classes = [ValidationError, ApiError, ConnectionError, DeadlineError, StreamError];
    for (const [get, Class] of Object.values(ERRORS)) {
      const error = await get();
      for (const other of classes) assert.equal(error instanceof other, other === Class);
    }
  });

  test("of a class keeps its name when it is minified: the name is a literal", () => {
    for (const Class of [LiveAvatarLlmError, ValidationError, ApiError, ConnectionError, DeadlineError, StreamError]) {
      assert.ok(Object.hasOwn(Class.prototype, "name"), Class.name);
      assert.equal(Class.prototype.name, Class.name);
    }
  });

  test("has issues with a pointer, a rule, a message and a severity", async () => {
    const { issues, message } = await thrown(() => new ChatClient({ baseURL: "x", model: 5 }));
    assert.equal(issues.length, 2);
    for (const issue of issues) {
      assert.match(issue.path, /^\/\w+$/);
      assert.match(issue.code, /^[a-z_]+$/);
      assert.equal(issue.severity, "error");
      assert.ok(issue.message.length > 10);
    }
    assert.ok(message.startsWith(issues[0].message));
  });
});

/** Everything that could be read off a value: as text, as JSON, and each string in it, however hidden. */
function everything(value) {
  const texts = [];
  const seen = new Set();
  const visit = (at) => {
    if (typeof at === "string") texts.push(at);
    if ((typeof at !== "object" && typeof at !== "function") || at === null || seen.has(at)) return;
    seen.add(at);
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      texts.push(key);
      if ("value" in descriptor) visit(descriptor.value);
    }
    // What a platform's class shows of itself.
    if (at instanceof Map || at instanceof Headers) texts.push(...[...at].flat().map(String));
  };
  visit(value);
  const shown = inspect(value, { showHidden: true, depth: 9, maxStringLength: Infinity });
  return [...texts, shown, String(value), JSON.stringify(value) ?? "", value?.stack ?? "", JSON.stringify({ ...value })].join("\n");
}

const KEY = "sk-proj-0123456789abcdef";
const SLASHED = "c2VjcmV0/a2V5+MDEy=";
const TOKEN = "tok-9876543210";

/** What an upstream may do with a secret that it was sent. */
const ECHOES = {
  "in an error's message": (secret) => refused(401, {}, { error: { message: `Incorrect API key provided: ${secret}.` } }),
  "in an error's code": (secret) => refused(401, {}, { error: { message: "No.", code: secret } }),
  "in an error's type": (secret) => refused(401, {}, { error: { message: "No.", type: secret } }),
  "anywhere in the body": (secret) => refused(401, {}, { detail: [{ msg: "No.", headers: { authorization: `Bearer ${secret}` } }] }),
  "with its slashes escaped, as PHP does": (secret) => refused(401, {}, `{"error":{"message":"No: ${secret.replaceAll("/", "\\/")}"}}`),
  "in a text": (secret) => refused(500, {}, `could not log in with ${secret}`),
  "in a page": (secret) => refused(500, {}, `<!doctype html><p>${secret}</p>`),
  "many times": (secret) => refused(400, {}, `${secret} `.repeat(1000)),
  "where the body is cut": (secret) => refused(400, {}, "x".repeat(65_536 - secret.length + 4) + secret),
  "in the request's id": (secret) => refused(400, { "x-request-id": secret }),
  "in where a redirect leads": (secret) => refused(302, { location: `https://example.com/${secret}/v1` }),
  "in an event of an error": (secret) => new Response(`data: ${JSON.stringify({ error: { message: `No: ${secret}`, code: secret } })}\n\n`),
  "in an error event of text": (secret) => new Response(`event: error\ndata: no such key: ${secret}\n\n`),
  "in what is not JSON": (secret) => new Response(`data: {"key": "${secret}",\n\n`),
  "where what is not JSON is cut": (secret) => new Response(`data: {"key": "${"x".repeat(60)}${secret}",\n\n`),
};

/** How a secret reaches the upstream. */
const WAYS = {
  "the key": [KEY, { apiKey: KEY }],
  "a key with slashes": [SLASHED, { apiKey: SLASHED }],
  "a key given by a function": [KEY, { apiKey: async () => KEY }],
  "a header of one's own": [TOKEN, { headers: { "X-Api-Key": TOKEN } }],
  "a header with a scheme": [TOKEN, { headers: { Authorization: `Token ${TOKEN}` } }],
  "a query parameter": [TOKEN, { query: { "api-key": TOKEN } }],
};

describe("a secret that the upstream gives back is blotted out", () => {
  for (const [way, [secret, upstream]] of Object.entries(WAYS)) {
    for (const [how, echo] of Object.entries(ECHOES)) {
      test(`${way}, ${how}`, async () => {
        const client = new ChatClient({ ...NOWHERE, ...upstream, fetch: () => echo(secret) }, { maxRetries: 0 });
        const stream = client.stream({ messages });
        const error = await thrown(() => all(stream));
        assert.ok(error instanceof LiveAvatarLlmError, error?.stack);
        const text = everything(error);
        // Nor most of it.
        for (const part of [secret, secret.slice(0, 12), secret.replaceAll("/", "\\/"), secret.slice(-10)]) {
          assert.ok(!text.includes(part), `${part} is in ${text.slice(Math.max(0, text.indexOf(part) - 200)).slice(0, 400)}`);
        }
        assert.ok(!everything(client).includes(secret) && !everything(stream).includes(secret));
      });
    }
  }

  test("of each attempt", async () => {
    const keys = ["sk-first-0123456789", "sk-second-0123456789"];
    let asked = 0;
    const fetch = () => refused(503, { "retry-after-ms": "1" }, keys.join(" and "));
    const client = new ChatClient({ ...NOWHERE, apiKey: () => keys[asked++], fetch }, { maxRetries: 1 });
    const text = everything(await thrown(() => client.complete({ messages })));
    assert.equal(asked, 2);
    for (const key of keys) assert.ok(!text.includes(key), text);
  });
});

test("no error about a key has the key", async () => {
  const fetch = () => assert.fail("sent");
  for (const apiKey of [`${KEY}\n`, ` ${KEY}`, `${KEY}…`, `${KEY}\0`]) {
    for (const given of [apiKey, () => apiKey]) {
      const error = await thrown(() => new ChatClient({ ...NOWHERE, apiKey: given, fetch }).complete({ messages }));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.equal(error.issues[0].path, "/apiKey");
      assert.ok(!everything(error).includes(KEY), everything(error));
    }
  }
  for (const upstream of [
    { headers: { "x-key": `${KEY}\n` } }, { headers: { "x-key": [KEY] } }, { query: { key: [KEY] } }, { baseUrl: `https://user:${KEY}@example.com` },
    { baseUrl: `https://example.com/v1?key=${KEY}` }, { defaults: KEY }, { apiKey: [KEY] }, { apiKey: { key: KEY } }, { token: KEY },
  ]) {
    const error = await thrown(() => new ChatClient(upstream));
    assert.ok(error instanceof ValidationError, error?.stack);
    assert.ok(!everything(error).includes(KEY), everything(error));
  }
});

describe("a client and its streams show nothing", () => {
  const client = new ChatClient({ ...NOWHERE, apiKey: KEY, headers: { "x-api-key": TOKEN }, query: { key: TOKEN }, fetch: never });
  const stream = client.stream({ messages: [{ role: "user", content: "private words" }] });
  const shown = {
    "the client": client,
    "the stream": stream,
    "the client spread": { ...client },
    "the stream spread": { ...stream },
    "an iterator": stream.textStream(),
    "the methods": [client.stream, client.complete, stream.abort],
  };
  for (const [name, value] of Object.entries(shown)) {
    test(name, () => {
      const text = everything(value);
      for (const secret of [KEY, TOKEN, "private words", "127.0.0.1"]) assert.ok(!text.includes(secret), text);
    });
  }

  test("and their state is nobody's to reach", () => {
    for (const value of [client, stream]) {
      assert.deepEqual(Reflect.ownKeys(value).filter((name) => typeof value[name] !== "function"), []);
    }
    stream.abort();
  });
});
