// Reading a response that was fetched elsewhere.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ApiError, ChatStream, StreamError, ValidationError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answer, answered, ask, DONE, event, refused, thrown, turn, wire } from "./asking.js";

const llm = await startLlm();
after(() => llm.close());

const fetched = (model) =>
  fetch(`${llm.baseUrl}/chat/completions`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...ask(model), stream: true }),
  });

describe("an answer of the global fetch", () => {
  test("is read in any way", async () => {
    assert.equal((await all(ChatStream.fromResponse(await fetched("hello")).textStream())).join(""), "Hello world");
    assert.equal((await all(ChatStream.fromResponse(await fetched("hello")))).at(-1).choices[0].finish_reason, "stop");
    assert.match(await ChatStream.fromResponse(await fetched("hello")).toResponse().text(), /\[DONE\]/);
    assert.equal((await ChatStream.fromResponse(await fetched("hello")).completion()).choices[0].message.content, "Hello world");
  });

  test("has its status and headers, and the times since it was given", async () => {
    const response = await fetched("hello");
    const stream = ChatStream.fromResponse(response, { provider: "openai" });
    const known = await stream.response;
    assert.equal(known.status, 200);
    assert.equal(known.headers, response.headers);
    assert.equal(known.requestId, response.headers.get("x-request-id"));
    await stream.completion();
    const { headersMs, firstTokenMs, totalMs, bytes } = stream.metrics;
    assert.ok(0 <= headersMs && headersMs <= firstTokenMs && firstTokenMs <= totalMs && bytes > 0, JSON.stringify(stream.metrics));
  });

  test("stops its connection when the stream is stopped", async () => {
    const model = "count?tokens=100000&gapMs=5&id=elsewhere";
    for await (const _ of ChatStream.fromResponse(await fetched(model)).textStream()) break;
    await llm.waitFor((request) => request.model === model && request.aborted);
  });

  test("that is not streamed is an answer too", async () => {
    assert.deepEqual(await all(ChatStream.fromResponse(await fetched("hello?asJson")).textStream()), ["Hello world"]);
  });
});

test("several are kept apart", async () => {
  const texts = await Promise.all(["a", "b", "c"].map((word) => all(ChatStream.fromResponse(answered(word, word)).textStream())));
  assert.deepEqual(texts.map((pieces) => pieces.join("")), ["aa", "bb", "cc"]);
});

test("a refusal is an ApiError, with all that it said", async () => {
  const said = { error: { message: "Slow down.", type: "requests", code: "rate_limit_exceeded" } };
  const stream = ChatStream.fromResponse(refused(429, { "retry-after": "2", "x-request-id": "req_9" }, said));
  const { status, requestId } = await stream.response;
  assert.deepEqual([status, requestId], [429, "req_9"]);
  const error = await thrown(() => stream.completion());
  assert.ok(error instanceof ApiError, error?.stack);
  const { code, serviceCode, retryAfterMs, body } = error;
  assert.deepEqual({ code, status: error.status, serviceCode, requestId: error.requestId, retryAfterMs }, {
    code: "rate_limited", status: 429, serviceCode: "rate_limit_exceeded", requestId: "req_9", retryAfterMs: 2000,
  });
  assert.equal(JSON.parse(body).error.message, "Slow down.");
  assert.match(error.message, /Slow down\./);
});

test("a redirect says where it leads, without what may be a token", async () => {
  const error = await thrown(() => ChatStream.fromResponse(refused(302, { location: "https://example.com/v2?token=x#y" })).completion());
  assert.equal(error.code, "redirected");
  assert.match(error.message, /to https:\/\/example\.com\/v2, /);
});

test("an error in it is a StreamError, with what came before", async () => {
  const error = await thrown(() => ChatStream.fromResponse(new Response(event({ content: "Hi" }))).completion());
  assert.ok(error instanceof StreamError);
  assert.equal(error.partial.choices[0].message.content, "Hi");
});

const used = answered("Hi");
await used.text();

describe("arguments that cannot be read", () => {
  const locked = answered("Hi");
  locked.body.getReader();
  const teed = answered("Hi");
  teed.body.tee();

  /** The arguments, at which path, by which rule, and what must be said about it. */
  const WRONG = {
    "nothing": [[], "", "wrong_type", /takes a Response/],
    "null": [[null], "", "wrong_type", /takes a Response/],
    "a string": [[answer("Hi")], "", "wrong_type", /takes a Response/],
    "a promise of a Response": [[Promise.resolve(answered("Hi"))], "", "wrong_type", /takes a Response/],
    "a body": [[answered("Hi").body], "", "wrong_type", /takes a Response/],
    "a Request": [[new Request("http://127.0.0.1:1")], "", "wrong_type", /takes a Response/],
    "a ChatStream": [[ChatStream.fromResponse(answered("Hi"))], "", "wrong_type", /takes a Response/],
    "a plain object": [[{ status: 200, headers: {}, body: null }], "", "wrong_type", /takes a Response/],
    "a body that was read": [[used], "", "already_read", /clone/],
    "a body that is locked": [[locked], "", "already_read", /clone/],
    "a body that was split": [[teed], "", "already_read", /clone/],
    "null as options": [[answered("Hi"), null], "", "wrong_type", /options must be an object/],
    "a string as options": [[answered("Hi"), "openai"], "", "wrong_type", /options must be an object/],
    "an unknown provider": [[answered("Hi"), { provider: "robot" }], "/provider", "unknown_provider", /"robot".*"openai"/],
    "an empty provider": [[answered("Hi"), { provider: "" }], "/provider", "unknown_provider", /"openai"/],
    "a number as provider": [[answered("Hi"), { provider: 5 }], "/provider", "wrong_type", /string/],
    "null as provider": [[answered("Hi"), { provider: null }], "/provider", "wrong_type", /string/],
  };
  for (const [name, [given, path, code, message]] of Object.entries(WRONG)) {
    test(name, async () => {
      const error = await thrown(() => ChatStream.fromResponse(...given));
      assert.ok(error instanceof ValidationError, error?.stack);
      assert.deepEqual([error.issues[0].path, error.code], [path, code]);
      assert.match(error.message, message);
    });
  }

  test("are left as they are", async () => {
    const response = answered("Hi");
    await thrown(() => ChatStream.fromResponse(response, { provider: "robot" }));
    assert.equal(await response.text(), answer("Hi"));
  });
});

test("a clone may be read beside it", async () => {
  const response = answered("Hi");
  const copy = response.clone();
  assert.deepEqual(await all(ChatStream.fromResponse(response).textStream()), ["Hi"]);
  assert.equal(await copy.text(), answer("Hi"));
});

test("undefined options are none", async () => {
  for (const options of [undefined, {}, { provider: undefined }]) {
    assert.equal((await ChatStream.fromResponse(answered("Hi"), options).completion()).choices[0].message.content, "Hi");
  }
});

test("nothing is read before someone reads, and the response is then in use", async () => {
  const line = wire();
  const stream = ChatStream.fromResponse(line.response);
  await turn();
  assert.equal(line.pulls(), 0);
  assert.ok(line.response.body.locked);
  const text = all(stream.textStream());
  line.send(event({ content: "Hi" }) + DONE);
  assert.deepEqual(await text, ["Hi"]);
});
