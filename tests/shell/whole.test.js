// The whole answer, the response and the metrics: what can be asked beside any way of reading.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ApiError, ChatClient, ChatStream, ConnectionError, StreamError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answer, answered, answering, ask, DONE, event, messages, never, NOWHERE, refused, thrown, turn, wire } from "./asking.js";

const llm = await startLlm();
after(() => llm.close());
const client = new ChatClient({ baseUrl: llm.baseUrl }, { maxRetries: 0 });

const unreachable = new ChatClient({ ...NOWHERE, fetch: () => Promise.reject(new Error("no network")) }, { maxRetries: 0 });

const said = (completion) => completion.choices[0].message.content;

function wired() {
  const line = wire();
  return { line, stream: ChatStream.fromResponse(line.response) };
}

describe("completion()", () => {
  test("alone reads the answer to its end", async () => {
    const completion = await client.stream({ ...ask("hello"), stream_options: { include_usage: true } }).completion();
    assert.match(completion.id, /^chatcmpl-/);
    assert.equal(completion.object, "chat.completion");
    assert.equal(completion.model, "hello");
    assert.ok(completion.created > 1.7e9);
    assert.equal(completion.usage.total_tokens, completion.usage.prompt_tokens + 2);
    assert.deepEqual(completion.choices, [{
      index: 0, message: { role: "assistant", content: "Hello world", refusal: null }, logprobs: null, finish_reason: "stop",
    }]);
  });

  test("gives calls of functions, thoughts and refusals whole", async () => {
    const call = await client.complete(ask("tool"));
    assert.equal(call.choices[0].finish_reason, "tool_calls");
    assert.equal(said(call), null);
    assert.deepEqual(call.choices[0].message.tool_calls, [
      { id: "call_standin0000000000000001", type: "function", function: { name: "get_weather", arguments: '{"city":"Vienna"}' } },
    ]);
    const thinking = await client.complete(ask("think"));
    assert.match(thinking.choices[0].message.reasoning_content, /^The user wants an answer/);
    assert.match(said(thinking), /^I thought about it: Hello/);
    const no = await ChatStream.fromResponse(new Response(event({ refusal: "I " }) + event({ refusal: "won't." }, "stop"))).completion();
    assert.deepEqual([no.choices[0].message.refusal, said(no)], ["I won't.", null]);
  });

  test("gives everything else whole, too: alternatives, sound, citations, log probabilities, counts, and what is unknown", async () => {
    const line = (rest) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 7, model: "m", ...rest })}\n\n`;
    const piece = (index, delta, rest) => line({ choices: [{ index, delta, finish_reason: null, ...rest }] });
    const token = (text) => ({ token: text, logprob: -1, bytes: null, top_logprobs: [] });
    const usage = {
      prompt_tokens: 1, completion_tokens: 2, total_tokens: 3,
      prompt_tokens_details: { cached_tokens: 1 }, completion_tokens_details: { reasoning_tokens: 1 }, x_cost: 0.1,
    };
    const body = [
      piece(1, { role: "assistant", content: "B" }, { x_choice: { a: [1] } }),
      piece(0, { role: "assistant", content: null, audio: { id: "audio_1", transcript: "He" } }),
      piece(0, { audio: { data: "AAAA" } }),
      piece(0, { audio: { data: "BBBB", transcript: "llo" }, x_message: "kept" }),
      piece(0, { audio: { expires_at: 9 } }),
      piece(1, { content: "b", annotations: [{ type: "url_citation" }] }, { logprobs: { content: [token("b")], refusal: null } }),
      piece(1, { content: "b", annotations: [{ type: "x" }] }, { logprobs: { content: [token("b")], refusal: null } }),
      piece(0, { function_call: { name: "find", arguments: "{" } }),
      piece(0, { function_call: { arguments: "}" } }, { finish_reason: "function_call" }),
      piece(1, {}, { finish_reason: "stop" }),
      line({ choices: [], usage, service_tier: "default", system_fingerprint: "fp_1", x_chunk: true }),
    ];
    assert.deepEqual(await ChatStream.fromResponse(new Response(body.join("") + DONE)).completion(), {
      id: "c", object: "chat.completion", created: 7, model: "m",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant", content: null, refusal: null, x_message: "kept",
            audio: { id: "audio_1", transcript: "Hello", data: "AAAABBBB", expires_at: 9 },
            function_call: { name: "find", arguments: "{}" },
          },
          logprobs: null,
          finish_reason: "function_call",
        },
        {
          index: 1,
          message: { role: "assistant", content: "Bbb", refusal: null, annotations: [{ type: "url_citation" }, { type: "x" }] },
          logprobs: { content: [token("b"), token("b")], refusal: null },
          finish_reason: "stop",
          x_choice: { a: [1] },
        },
      ],
      usage, service_tier: "default", system_fingerprint: "fp_1", x_chunk: true,
    });
    const chunks = await all(ChatStream.fromResponse(new Response(body.join("") + DONE)));
    assert.deepEqual(chunks, body.map((event) => JSON.parse(event.slice("data: ".length))), "and chunk by chunk as it came");
  });

  test("has a finish reason after a good end without one, and none in what broke off", async () => {
    const whole = await ChatStream.fromResponse(new Response(event({ content: "Hi" }) + DONE)).completion();
    assert.equal(whole.choices[0].finish_reason, "stop");
    const { partial } = await thrown(() => ChatStream.fromResponse(new Response(event({ content: "Hi" }))).completion());
    assert.equal(partial.choices[0].finish_reason, null);
  });

  test("twice is the same", async () => {
    const stream = client.stream(ask("hello"));
    const [one, two] = await Promise.all([stream.completion(), stream.completion()]);
    assert.equal(one, two);
    assert.equal(await stream.completion(), one);
  });

  /** The ways of reading: how one begins, and its pieces as one value. */
  const READ = {
    "chunks": [(stream) => stream[Symbol.asyncIterator](), (pieces) => pieces],
    "text": [(stream) => stream.textStream(), (pieces) => pieces.join("")],
    "bytes": [(stream) => stream.toReadableStream(), (pieces) => Buffer.concat(pieces).toString()],
  };
  for (const [name, [begin, joined]] of Object.entries(READ)) {
    test(`after ${name} were read to the end`, async () => {
      const stream = client.stream(ask("hello"));
      await all(begin(stream));
      assert.equal(said(await stream.completion()), "Hello world");
    });

    test(`beside ${name}: asked for first, but in the same turn`, async () => {
      const stream = client.stream(ask("count?tokens=50&perWrite=7"));
      const completion = stream.completion();
      assert.ok((await all(begin(stream))).length > 0);
      assert.equal(said(await completion).split(" ").length, 51);
    });

    test(`takes nothing from ${name} that are read only later`, async () => {
      const expected = await all(begin(ChatStream.fromResponse(answered("One ", "two"))));
      const stream = ChatStream.fromResponse(answered("One ", "two"));
      // As `return stream.toResponse()` has it: whoever reads it comes when this function is long over.
      const pieces = begin(stream);
      assert.equal(said(await stream.completion()), "One two");
      assert.deepEqual(joined(await all(pieces)), joined(expected));
    });
  }

  test("hands over to an iterator that begins midway, without a gap", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const completion = stream.completion();
    line.send(event({ content: "One " }));
    await turn();
    line.send(event({ content: "two " }));
    await turn();
    const first = text.next();
    line.send(event({ content: "three" }));
    await turn();
    const pieces = [(await first).value];
    line.send(event({}, "stop") + DONE);
    line.end();
    pieces.push(...(await all(text)));
    assert.equal(pieces.join(""), "One two three");
    assert.equal(said(await completion), "One two three");
  });

  test("hands over at once: what it has read, and what it is about to read", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const completion = stream.completion();
    line.send(event({ content: "One " }));
    await turn();
    assert.equal((await text.next()).value, "One ");
    const next = text.next();
    line.send(event({ content: "two" }));
    assert.equal((await next).value, "two");
    line.send(DONE);
    line.end();
    assert.deepEqual(await all(text), []);
    assert.equal(said(await completion), "One two");
  });

  test("rejects with what the iterator throws", async () => {
    const stream = client.stream(ask("count?endAt=2"));
    const completion = thrown(() => stream.completion());
    const error = await thrown(() => all(stream));
    assert.ok(error instanceof StreamError);
    assert.equal(await completion, error);
    assert.equal(await thrown(() => stream.completion()), error, "later too");
    assert.equal(said(error.partial), "1 2 ");
    assert.equal(error.partial.choices[0].finish_reason, null);
  });

  test("needs nobody who reads on after an error", async () => {
    const { line, stream } = wired();
    const text = stream.textStream();
    const completion = thrown(() => stream.completion());
    line.send(event({ content: "Hi" }));
    await text.next();
    line.fail(new Error("cut"));
    assert.ok(await thrown(() => text.next()) instanceof ConnectionError);
    assert.ok(await completion instanceof ConnectionError);
  });
});

test("complete() gives a completion, or rejects", async () => {
  assert.equal(said(await client.complete(ask("hello"))), "Hello world");
  const error = await thrown(() => client.complete(ask("hello?status=401")));
  assert.ok(error instanceof ApiError);
  assert.equal(error.status, 401);
});

describe("response", () => {
  test("resolves with status, headers and the request's id, before anything is read", async () => {
    const stream = client.stream(ask("hello?ttftMs=60000"));
    const { status, headers, requestId } = await stream.response;
    assert.equal(status, 200);
    assert.match(headers.get("content-type"), /^text\/event-stream/);
    assert.match(requestId, /^req_0+\d+$/);
    assert.equal(headers.get("x-request-id"), requestId);
    stream.abort();
    assert.equal((await stream.response).status, 200, "whatever comes after");
  });

  test("has no id where the upstream gives none", async () => {
    assert.equal("requestId" in (await ChatStream.fromResponse(new Response(answer("Hi"))).response), false);
  });

  test("resolves with a refusal, and the readers reject", async () => {
    const stream = client.stream(ask("hello?status=404"));
    assert.equal((await stream.response).status, 404);
    assert.ok(await thrown(() => stream.completion()) instanceof ApiError);
  });

  test("rejects like the readers if none came", async () => {
    const stream = unreachable.stream({ messages });
    const error = await thrown(() => stream.response);
    assert.ok(error instanceof ConnectionError);
    assert.equal(await thrown(() => stream.completion()), error);
  });

  test("is the last attempt's: of an earlier one nothing is left", async () => {
    const soon = { "retry-after-ms": "1" };
    const stream = new ChatClient({ ...NOWHERE, fetch: answering(refused(503, soon), () => Promise.reject(new Error("gone"))) }, { maxRetries: 1 })
      .stream({ messages });
    assert.ok(await thrown(() => stream.response) instanceof ConnectionError);
    const other = new ChatClient({ ...NOWHERE, fetch: answering(refused(503, soon), answered("Hi")) }).stream({ messages });
    assert.equal((await other.response).status, 200);
    other.abort();
  });
});

test("nothing that fails is an unhandled rejection, even when nobody looks", async () => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const failing = (fetch) => new ChatClient({ ...NOWHERE, fetch }, { maxRetries: 0 }).stream({ messages });
  const left = [
    failing(() => Promise.reject(new Error("no network"))),
    failing(() => {
      throw new Error("at once");
    }),
    failing(() => refused(401)),
    failing(() => "no response"),
    failing(never),
    new ChatClient({ ...NOWHERE, apiKey: () => Promise.reject(new Error("no key")), fetch: never }).stream({ messages }),
    ChatStream.fromResponse(new Response("")),
    ChatStream.fromResponse(refused(500)),
  ];
  for (const stream of left) void stream.response;
  await turn();
  for (const stream of left) stream.abort(new Error("enough"));
  const { line, stream } = wired();
  const text = stream.textStream();
  line.send(event({ content: "Hi" }));
  await text.next();
  await text.return();
  const bytes = ChatStream.fromResponse(new Response("")).toReadableStream();
  const reader = bytes.getReader();
  reader.closed.catch(() => {});
  await thrown(() => reader.read());
  for (let round = 0; round < 5; round++) await turn();
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

describe("metrics", () => {
  const times = ({ metrics }) => ["headersMs", "firstByteMs", "firstTokenMs", "totalMs"].filter((name) => name in metrics);

  test("grow with the answer; what has not happened is missing", async () => {
    const line = wire();
    let respond;
    const fetch = () => new Promise((resolve) => (respond = resolve));
    const stream = new ChatClient({ ...NOWHERE, fetch }).stream({ messages });
    const text = stream.textStream();
    const read = async (bytes) => {
      line.send(bytes);
      await turn();
    };
    assert.deepEqual(stream.metrics, { chunks: 0, bytes: 0 });
    const first = text.next();
    await turn();
    respond(line.response);
    await turn();
    assert.deepEqual([times(stream), stream.metrics.bytes], [["headersMs"], 0]);
    await read(": a comment\n\n");
    assert.deepEqual([times(stream), stream.metrics.bytes, stream.metrics.chunks], [["headersMs", "firstByteMs"], 13, 0]);
    await read(event({ role: "assistant", content: "" }));
    assert.deepEqual([times(stream), stream.metrics.chunks], [["headersMs", "firstByteMs"], 1]);
    await read(event({ content: "Hi" }));
    await first;
    assert.deepEqual([times(stream), stream.metrics.chunks], [["headersMs", "firstByteMs", "firstTokenMs"], 2]);
    const rest = `${event({}, "stop")}data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}\n\n${DONE}`;
    line.send(rest);
    line.end();
    await all(text);
    const { headersMs, firstByteMs, firstTokenMs, totalMs, chunks, usage } = stream.metrics;
    assert.ok(0 <= headersMs && headersMs <= firstByteMs && firstByteMs <= firstTokenMs && firstTokenMs <= totalMs, JSON.stringify(stream.metrics));
    assert.equal(chunks, 4);
    assert.deepEqual(usage, { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 });
    assert.deepEqual(stream.metrics, stream.metrics, "they stay");
  });

  /** Endings, and the times that there are of them. */
  const ENDINGS = {
    "no answer": [() => unreachable.stream({ messages }), ["totalMs"]],
    "a refusal": [() => client.stream(ask("hello?status=400")), ["headersMs", "firstByteMs", "totalMs"]],
    "an empty answer": [() => ChatStream.fromResponse(new Response("")), ["headersMs", "totalMs"]],
    "half an answer": [() => client.stream(ask("count?endAt=2")), ["headersMs", "firstByteMs", "firstTokenMs", "totalMs"]],
    "an abort": [() => {
      const stream = ChatStream.fromResponse(wire().response);
      stream.abort();
      return stream;
    }, ["headersMs", "totalMs"]],
  };
  for (const [name, [begin, expected]] of Object.entries(ENDINGS)) {
    test(`have the time of the end, however it came: ${name}`, async () => {
      const stream = begin();
      await thrown(() => stream.completion());
      assert.deepEqual(times(stream), expected);
    });
  }

  test("are of the attempt that was answered, not of a refusal before it", async () => {
    const fetch = answering(refused(503, { "retry-after-ms": "1" }, "x".repeat(5000)), answered("Hi"));
    const stream = new ChatClient({ ...NOWHERE, fetch }).stream({ messages });
    await stream.completion();
    assert.equal(stream.metrics.bytes, answer("Hi").length);
    assert.ok(stream.metrics.firstByteMs >= stream.metrics.headersMs, JSON.stringify(stream.metrics));
  });
});
