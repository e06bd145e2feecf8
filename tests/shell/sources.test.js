// Where an endpoint's answers come from: everything that a developer's own code may give, and what it may do wrong.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ApiError, ChatClient, DeadlineError, LiveAvatarLlmError, StreamError, ValidationError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { answer, answered, DONE, event, wire } from "./asking.js";
import { deferred, events, FAILURE, hear, said, serving } from "./serving.js";

const llm = await startLlm();
after(() => llm.close());

const chunk = (delta, finish_reason = null) => ({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] });
const CHUNKS = [chunk({ role: "assistant", content: "" }), chunk({ content: "Hello" }), chunk({ content: " world" }), chunk({}, "stop")];

async function* later(pieces) {
  for (const piece of pieces) yield piece;
}

const bytes = (text) => new TextEncoder().encode(text);

/** A stream of anything, as libraries give them. */
const readable = (pieces) =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });

/** An async iterable that is only that, without what generators have. */
const bare = (pieces) => ({
  [Symbol.asyncIterator]() {
    const iterator = pieces[Symbol.iterator]();
    return { next: async () => iterator.next() };
  },
});

/** What a source may give, to say «Hello world». */
const SOURCED = {
  "a text": () => "Hello world",
  "a promise of a text": async () => "Hello world",
  "a list of texts": () => ["Hello", " world"],
  "a set of texts": () => new Set(["Hello", " world"]),
  "a generator of texts": function* () { yield "Hello"; yield " world"; },
  "an async generator of texts": async function* () { yield "Hello"; yield " world"; },
  "a promise of an async generator": async () => later(["Hello", " world"]),
  "an iterable without return": () => bare(["Hello", " world"]),
  "chunks": () => later(CHUNKS),
  "a list of chunks": () => CHUNKS,
  "chunks without a finish reason, and texts": () => later(["Hello", chunk({ content: " world" })]),
  "contents of chunks, some of which are none": () => later([undefined, "", "Hello", null, " world", undefined]),
  "a Response": () => answered("Hello", " world"),
  "a promise of a Response": async () => answered("Hello", " world"),
  "a Response that is one JSON completion": () => Response.json({ choices: [{ index: 0, message: { role: "assistant", content: "Hello world" }, finish_reason: "stop" }] }),
  "a stream of bytes": () => answered("Hello", " world").body,
  "a stream of texts": () => readable(["Hello", " world"]),
  "a stream of chunks": () => readable(CHUNKS),
  "an iterable of bytes": () => later([bytes(answer("Hello")).subarray(0, 20), bytes(answer("Hello")).subarray(20, 150), bytes(answer("Hello", " world")).subarray(150)]),
  "the answer of a ChatClient": ({ messages }, { signal }) => new ChatClient({ baseUrl: llm.baseUrl }).stream({ model: "hello", messages }, { signal }),
  "the texts of a ChatClient": ({ messages }) => new ChatClient({ baseUrl: llm.baseUrl }).stream({ model: "hello", messages }).textStream(),
  "the response of a ChatClient": ({ messages }) => new ChatClient({ baseUrl: llm.baseUrl }).stream({ model: "hello", messages }).toResponse(),
  "what fetch gives": (request, { signal }) => fetch(`${llm.baseUrl}/chat/completions`, { method: "POST", body: JSON.stringify({ ...request, model: "hello" }), signal }),
};

describe("a source may give", () => {
  for (const [name, source] of Object.entries(SOURCED)) {
    test(name, async () => {
      for (const stream of [true, false]) {
        const endpoint = serving(source);
        const response = await endpoint.ask(said("Hi", { stream }));
        const text = stream ? (await hear(response)).text : (await response.json()).choices[0].message.content;
        assert.equal(text, "Hello world");
        const report = await endpoint.report();
        assert.equal(report.outcome, "spoken", report.error?.stack);
      }
    });
  }
});

test("words are passed on piece by piece, as they come", async () => {
  const steps = [deferred(), deferred(), deferred()];
  const endpoint = serving(async function* () {
    for (const [index, { promise }] of steps.entries()) {
      await promise;
      yield ` ${index}`;
    }
  }, { heartbeatMs: Infinity });
  const answer = events(await endpoint.ask());
  assert.deepEqual((await answer.next()).value, { role: true });
  for (const [index, { resolve }] of steps.entries()) {
    resolve();
    assert.deepEqual((await answer.next()).value, { words: ` ${index}` });
  }
  assert.deepEqual((await answer.next()).value, { finish: "stop" });
  assert.deepEqual((await answer.next()).value, { done: true });
  assert.ok((await answer.next()).done);
});

test("a source is asked with the request and the turn", async () => {
  const asked = [];
  const endpoint = serving((...all) => (asked.push(all), "Hello"));
  const messages = [{ role: "assistant", content: "Hi" }, { role: "user", content: "Book" }, { role: "user", content: "a table" }];
  const sent = said("", { messages, tools: [{ type: "function", function: { name: "f" } }], own: { member: [1.5e3, null] } });
  const promise = Promise.resolve();
  await hear(endpoint.ask(sent, { headers: { "x-livekit-room-id": "RM_1" } }));
  await hear(endpoint.ask(said("", { messages: messages.slice(0, 2) }), { headers: { "x-livekit-room-id": "RM_1" } }));
  await hear(endpoint.ask(said("", { messages: messages.slice(0, 2) })));
  const [[request, turn], [, fragment], [, elsewhere]] = asked;
  assert.deepEqual(request, sent);
  const { id, utteranceId, roomId, text, signal, waitUntil, env } = turn;
  assert.deepEqual({ roomId, text, env }, { roomId: "RM_1", text: "Book a table", env: undefined });
  assert.match(id, /^chatcmpl-/);
  assert.ok(signal instanceof AbortSignal && turn.request instanceof Request);
  assert.notEqual(fragment.id, id);
  assert.equal(fragment.utteranceId, utteranceId);
  assert.notEqual(elsewhere.utteranceId, utteranceId);
  assert.ok(!("roomId" in elsewhere));
  waitUntil(promise);
  assert.ok(endpoint.turns.includes(promise), "waitUntil is the worker's");
  endpoint.turns.pop();
  assert.equal((await endpoint.report()).roomId, undefined);
  assert.equal(signal.aborted, false, "a turn that ended well aborts nothing");
});

test("the turn's waitUntil works without a worker", async () => {
  for (const ctx of [undefined, {}]) {
    const { endpoint } = serving((_, { waitUntil }) => (waitUntil(Promise.resolve()), "Hello"));
    const { request } = await import("./serving.js");
    assert.equal((await hear(endpoint.fetch(request(said()), {}, ctx))).text, "Hello");
  }
});

test("without words of the user no source is asked", async () => {
  for (const text of ["", " \n"]) {
    const endpoint = serving(() => assert.fail("asked"));
    const heard = await hear(endpoint.ask(said(text)));
    assert.deepEqual([heard.text, heard.finish], ["", "stop"]);
    assert.equal((await endpoint.report()).outcome, "empty");
  }
});

const broken = new Error("out of order");

const fail = () => { throw broken; };

/** What a source may do wrong before it has said anything: the error's code, and what its message says. */
const FAILING = {
  "throws": [fail, "source_failed", /threw/],
  "rejects": [async () => fail(), "source_failed", /threw/],
  "rejects with nothing": [() => Promise.reject(), "source_failed", /threw/],
  "gives nothing": [() => {}, "wrong_type", /undefined: give a text/],
  "gives null": [() => null, "wrong_type", /null/],
  "gives a number": [() => 5, "wrong_type", /number/],
  "gives an object that is nothing known": [() => ({ text: "Hello" }), "wrong_type", /object/],
  "gives a function": [() => () => "Hello", "wrong_type", /function/],
  "gives an empty text": [() => "", "stream_empty", /no chat completion chunk|no words/],
  "gives an empty list": [() => [], "stream_empty", /./],
  "gives blank texts": [() => [" ", "\n"], "stream_empty", /./],
  "gives an iterable that throws": [async function* () { fail(); }, "source_failed", /threw/],
  "gives an iterable whose iterator throws": [() => ({ [Symbol.asyncIterator]: fail }), "source_failed", /threw/],
  "gives an iterator that throws at once": [() => ({ [Symbol.iterator]: () => ({ next: fail }) }), "source_failed", /threw/],
  "gives an iterator that gives no results": [() => ({ [Symbol.iterator]: () => ({ next() {} }) }), "source_failed", /threw/],
  "gives an iterable of numbers": [() => [1, 2], "wrong_type", /number/],
  "gives bytes themselves": [() => new Uint8Array(3), "wrong_type", /number/],
  "gives an iterable of wide numbers": [() => [Uint16Array.of(1)], "stream_empty", /./],
  "gives chunks that cannot be JSON": [() => [{ choices: 5n }], "not_json", /BigInt/],
  "gives chunks whose toJSON gives nothing": [() => [{ toJSON() {} }], "wrong_type", /must be an object/],
  "gives what are no chunks": [() => [{ type: "text-delta", textDelta: "Hello" }], "stream_empty", /no chat completion chunk/],
  "gives lists for chunks": [() => [["Hello"]], "stream_malformed", /./],
  "gives an error for a chunk": [() => [{ error: { message: "Overloaded", code: "busy" } }], "stream_error", /Overloaded/],
  "gives a Response that refuses": [() => Response.json({ error: { message: "No.", code: "nope" } }, { status: 403 }), "forbidden", /No\./],
  "gives a Response without a body": [() => new Response(null), "stream_empty", /./],
  "gives a Response with a login page": [() => new Response("<html>"), "stream_empty", /web page/],
  "gives a Response that was read": [async () => { const used = answered("Hello"); await used.text(); return used; }, "already_read", /already being read/],
  "gives a Response that is being read": [() => { const used = answered("Hello"); used.body.getReader(); return used; }, "already_read", /already being read/],
  "gives a stream that is being read": [() => { const { body } = answered("Hello"); body.getReader(); return body; }, "already_read", /already being read/],
  "gives a stream that breaks": [() => new ReadableStream({ pull: (controller) => controller.error(broken) }), "source_failed", /threw/],
  "gives a stream whose reader cannot read": [() => ({ getReader: () => ({}) }), "wrong_type", /no read\(\)/],
  "gives a stream without a reader": [() => ({ getReader() {} }), "wrong_type", /no read\(\)/],
  "gives a stream that gives no reader": [() => ({ getReader: fail }), "wrong_type", /broken|getReader/],
  "gives a stream whose reader throws": [() => ({ getReader: () => ({ read: fail, cancel: fail }) }), "source_failed", /threw/],
  "gives a stream whose reader gives nothing": [() => ({ getReader: () => ({ read() {}, cancel() {} }) }), "wrong_type", /read\(\) gave undefined/],
  "gives a Response whose reader cannot read": [() => ({ status: 200, headers: new Headers(), body: { getReader: () => ({ cancel() {} }) } }), "wrong_type", /no read\(\)/],
  "gives a Response whose reader throws": [() => ({ status: 200, headers: new Headers(), body: { getReader: () => ({ read: fail, cancel() {} }) } }), "source_failed", /threw/],
  "gives a refusal whose reader gives a number": [() => ({ status: 500, headers: new Headers(), body: { getReader: () => ({ read: () => 5 }) } }), "wrong_type", /read\(\) gave number/],
};

describe("a source that fails is replaced by the failure line, if it", () => {
  for (const [name, [source, code, message]] of Object.entries(FAILING)) {
    test(name, async () => {
      const endpoint = serving(source);
      const heard = await hear(endpoint.ask());
      assert.deepEqual([heard.text.trim(), heard.finish], [FAILURE, "stop"]);
      const report = await endpoint.report();
      assert.deepEqual([report.outcome, report.error.code], ["failed", code], report.error.stack);
      assert.ok(report.error instanceof LiveAvatarLlmError);
      assert.match(report.error.message, message);
      assert.equal(report.firstTokenMs, undefined);
      assert.ok(report.totalMs >= 0);
      if (code === "source_failed" && source !== FAILING["rejects with nothing"][0]) assert.ok(report.error.cause instanceof Error);
    });
  }

  test("has none to give, whatever it throws is the cause", async () => {
    const endpoint = serving(fail);
    await hear(endpoint.ask());
    assert.equal((await endpoint.report()).error.cause, broken);
  });

  test("refuses, with the class of error that tells so", async () => {
    const endpoint = serving(() => Response.json({ error: { message: "No.", code: "nope" } }, { status: 429, headers: { "retry-after": "1" } }));
    await hear(endpoint.ask());
    const { error } = await endpoint.report();
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.serviceCode, error.retryAfterMs], [429, "nope", 1000]);
  });
});

/** What a source may do wrong after it has said «Hello». */
const BREAKING = {
  "throws": [async function* () { yield "Hello"; fail(); }, "source_failed"],
  "gives a number": [() => ["Hello", 5, " world"], "wrong_type"],
  "gives a chunk that cannot be JSON": [() => ["Hello", { n: 5n }], "not_json"],
  "gives an error for a chunk": [() => [chunk({ content: "Hello" }), { error: "no" }, "more"], "stream_error"],
  "stops before a finish reason": [() => CHUNKS.slice(0, 2), "stream_truncated"],
  "gives a Response that stops": [() => new Response(event({ content: "Hello" })), "stream_truncated"],
  "gives a stream that breaks": [() => { const { response, send, fail } = wire(); send(event({ content: "Hello" })); setImmediate(fail, broken); return response; }, "source_failed"],
};

describe("a source that breaks off ends as an ordinary turn, if it", () => {
  for (const [name, [source, code]] of Object.entries(BREAKING)) {
    test(name, async () => {
      const endpoint = serving(source);
      const heard = await hear(endpoint.ask());
      assert.deepEqual([heard.text, heard.finish], ["Hello", "stop"]);
      const report = await endpoint.report();
      assert.deepEqual([report.outcome, report.error.code], ["cut", code], report.error.stack);
      assert.ok(report.firstTokenMs <= report.totalMs);
      assert.ok(!("partial" in report.error) && !/partial/.test(report.error.message), "a report holds nothing of what was said");
    });
  }
});

/** Sources that never answer, each in another place, and ignore that nobody wants them any more. */
const HANGING = {
  "does not answer": () => new Promise(() => {}),
  "gives an iterable that gives nothing": () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => new Promise(() => {}) }) }),
  "gives a stream that gives nothing": () => new ReadableStream({ cancel: () => new Promise(() => {}) }),
  "gives a Response that gives nothing": () => new Response(new ReadableStream({ cancel: () => Promise.reject(broken) })),
  "gives a refusal without end": () => new Response(new ReadableStream(), { status: 500 }),
};

describe("a source that is silent is bridged, then given up, if it", () => {
  for (const [name, source] of Object.entries(HANGING)) {
    test(name, async () => {
      let signal;
      const endpoint = serving((_, turn) => ((signal = turn.signal), source()), { heartbeatMs: 10, timeouts: { firstTokenMs: 100 } });
      const heard = await hear(endpoint.ask());
      assert.deepEqual([heard.text, heard.finish], [FAILURE, "stop"]);
      assert.ok(heard.signs > 1, `${heard.signs} signs of life`);
      const report = await endpoint.report();
      assert.equal(report.outcome, "failed");
      assert.ok(report.error instanceof DeadlineError);
      assert.equal(report.error.phase, "firstToken");
      assert.ok(signal.aborted, "it is told");
    });
  }

  test("falls silent in the midst of its words", async () => {
    let signal;
    const source = async function* (_, turn) {
      ({ signal } = turn);
      yield "Hello";
      await new Promise(() => {});
    };
    const endpoint = serving(source, { heartbeatMs: 10, timeouts: { idleMs: 100 } });
    assert.equal((await hear(endpoint.ask())).text, "Hello");
    const report = await endpoint.report();
    assert.deepEqual([report.outcome, report.error.phase], ["cut", "idle"]);
    assert.ok(signal.aborted);
  });

  test("is an upstream", async () => {
    llm.script("silent", () => {});
    const endpoint = serving({ baseUrl: llm.baseUrl, model: "silent" }, { heartbeatMs: 10, timeouts: { firstTokenMs: 100 } });
    assert.equal((await hear(endpoint.ask())).text, FAILURE);
    await llm.waitFor(({ model, aborted }) => model === "silent" && aborted);
  });

  test("is a function that gives the key", async () => {
    const endpoint = serving({ baseUrl: llm.baseUrl, model: "hello", apiKey: () => new Promise(() => {}) }, { heartbeatMs: 10, timeouts: { firstTokenMs: 100 } });
    const heard = await hear(endpoint.ask());
    assert.equal(heard.text, FAILURE);
    assert.ok(heard.signs > 1);
    assert.equal((await endpoint.report()).error.phase, "firstToken");
  });
});

test("a caller that wants no stream is answered in time, too", async () => {
  for (const [source, outcome, text] of [[() => new Promise(() => {}), "failed", FAILURE], [async function* () { yield "Hello"; await new Promise(() => {}); }, "cut", "Hello"]]) {
    const endpoint = serving(source, { timeouts: { firstTokenMs: 100, idleMs: 20 } });
    const response = await endpoint.ask(said("Hi", { stream: false }));
    assert.equal((await response.json()).choices[0].message.content, text);
    assert.equal((await endpoint.report()).outcome, outcome);
  }
});

test("an answer that comes after it was given up is let go of", async () => {
  for (const stream of [true, false]) {
    const late = wire();
    const asked = deferred();
    const endpoint = serving(() => asked.promise, { timeouts: { firstTokenMs: 20 } });
    assert.equal((await hear(endpoint.ask())).text, FAILURE);
    asked.resolve(stream ? late.response.body : late.response);
    await late.cancelled;
  }
});

/** Keys that cannot be had. */
const KEYS = {
  "throws": [fail, "source_failed", /`cause`/],
  "gives no text": [() => 5, "wrong_type", /gave no string/],
  "gives an empty text": [() => "", "bad_key", /empty/],
  "gives a text that no header can carry": [() => "sk\n", "bad_key", /line break/],
};

describe("an upstream fails whose function for the key", () => {
  for (const [name, [apiKey, code, message]] of Object.entries(KEYS)) {
    test(name, async () => {
      const endpoint = serving({ baseUrl: llm.baseUrl, model: "hello", apiKey });
      assert.equal((await hear(endpoint.ask())).text, FAILURE);
      const { error } = await endpoint.report();
      assert.match(error.message, message);
      assert.equal(error.code, code);
      if (code === "source_failed") assert.equal(error.cause, broken);
      else assert.ok(error instanceof ValidationError && error.issues[0].path.endsWith("/apiKey"));
    });
  }
});

test("an upstream that fails once is asked again, in the same turn and with a fresh key", async () => {
  let keys = 0;
  const endpoint = serving({ baseUrl: llm.baseUrl, model: "hello?status=503&retryAfterMs=1&failTimes=2&id=endpoint", apiKey: () => `sk-${++keys}` });
  assert.equal((await hear(endpoint.ask())).text, "Hello world");
  assert.deepEqual([(await endpoint.report()).outcome, keys], ["spoken", 3]);
});

test("an upstream that is not there fails", async () => {
  const fetch = () => Promise.reject(broken);
  const endpoint = serving({ baseUrl: "http://127.0.0.1:1/v1", model: "m", fetch }, { heartbeatMs: 20 });
  const heard = await hear(endpoint.ask());
  assert.equal(heard.text, FAILURE);
  const { error } = await endpoint.report();
  assert.deepEqual([error.code, error.cause], ["connection_failed", broken]);
});

test("an upstream that breaks off is cut", async () => {
  for (const [model, text] of [["count?tokens=9&cutAt=3", "1 2 3 "], ["count?tokens=9&endAt=2", "1 2 "], ["count?tokens=9&errorAt=2", "1 2 "]]) {
    const endpoint = serving({ baseUrl: llm.baseUrl, model });
    assert.equal((await hear(endpoint.ask())).text, text);
    const report = await endpoint.report();
    assert.equal(report.outcome, "cut");
    if (model.includes("errorAt")) assert.ok(report.error instanceof StreamError);
  }
});

/** What real upstreams send, and what of it is said. */
const ODD = {
  "say?text=Grüße € «ça va»&splitBytes=1": "Grüße € «ça va»",
  "hello?crlf&bom&comments": "Hello world",
  "hello?asJson": "Hello world",
  "hello?holdOpen": "Hello world",
  "hello?noDone": "Hello world",
  "hello?contentType=text/html": "Hello world",
  "think": "I thought about it: Hello.",
  "tool": FAILURE,
  "hello?html": FAILURE,
  "hello?empty": FAILURE,
  "hello?noFinish&noDone": "Hello world",
  "count?tokens=500": Array.from({ length: 500 }, (_, index) => `${index + 1} `).join(""),
};

describe("of an upstream's answer the words are said:", () => {
  for (const [model, text] of Object.entries(ODD)) {
    test(model, async () => assert.equal((await hear(serving({ baseUrl: llm.baseUrl, model }).ask())).text, text));
  }
});

test("lines are texts or functions of the turn", async () => {
  const line = (name) => (turn) => `${name} ${turn.text.trim()} ${turn.roomId} ${"signal" in turn}`;
  const say = { failure: line("failure"), refusal: line("refusal"), empty: line("empty") };
  const refuses = () => [chunk({ refusal: "No." }), chunk({}, "stop")];
  const headers = { "x-livekit-room-id": "RM_1" };
  const text = async (source, asked) => (await hear(serving(source, { say }).ask(said(asked), { headers }))).text;
  assert.equal(await text(fail, "Hi"), "failure Hi RM_1 false");
  assert.equal(await text(refuses, "Hi"), "refusal Hi RM_1 false");
  assert.equal(await text(fail, " "), "empty  RM_1 false");
  assert.equal((await hear(serving(refuses).ask())).text, "No.");
  assert.equal((await hear(serving(fail, { say: { failure: "Oh." } }).ask())).text, "Oh.");
  assert.equal((await hear(serving(fail, { say: { failure: false } }).ask())).text, "");
});

test("a line's function that fails is heard of, and the default is said", async (t) => {
  const { mock } = t.mock.method(console, "error", () => {});
  for (const failure of [fail, () => 5, async () => "Oh."]) {
    assert.equal((await hear(serving(fail, { say: { failure } }).ask())).text, FAILURE);
  }
  assert.equal(mock.callCount(), 3);
});

test("an onTurn that throws is heard of, and changes nothing", async (t) => {
  const { mock } = t.mock.method(console, "error", () => {});
  for (const onTurn of [fail, async () => fail()]) {
    const endpoint = serving(() => "Hello", { onTurn });
    assert.equal((await hear(endpoint.ask())).text, "Hello");
    await Promise.all(endpoint.turns);
  }
  assert.equal(mock.callCount(), 2);
});

test("a report has ids, times and tokens, and no words", async () => {
  const endpoint = serving(async function* (_, { roomId }) {
    yield* CHUNKS;
    yield { ...chunk({}), choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, cost: 1 } };
    assert.equal(roomId, "RM_1");
  });
  const heard = await hear(endpoint.ask(said("My secret wish"), { headers: { "x-livekit-room-id": "RM_1" } }));
  assert.deepEqual(heard.usage, { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 });
  const report = await endpoint.report();
  assert.deepEqual(Object.keys(report).sort(), ["firstTokenMs", "id", "outcome", "path", "roomId", "sources", "totalMs", "usage", "utteranceId"]);
  assert.deepEqual([report.roomId, report.outcome, report.usage], ["RM_1", "spoken", heard.usage]);
  assert.ok(!/Hello|secret/.test(JSON.stringify(report)));
});

test("a Response is read as it comes, whatever its type says", async () => {
  const { response, send, end } = wire();
  const endpoint = serving(() => response);
  const answer = events(await endpoint.ask());
  await answer.next();
  for (const content of ["one", " two"]) {
    send(event({ content }));
    let next;
    do next = (await answer.next()).value;
    while (next.sign);
    assert.deepEqual(next, { words: content });
  }
  send(DONE);
  end();
  assert.deepEqual((await answer.next()).value, { finish: "stop" });
  await answer.next();
  await answer.next();
  assert.equal((await endpoint.report()).outcome, "spoken");
});
