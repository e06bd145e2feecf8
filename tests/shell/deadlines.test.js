// The four deadlines.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ApiError, ChatClient, ChatStream, DeadlineError, LiveAvatarLlmError } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answered, answering, ask, DONE, event, messages, never, NOWHERE, refused, thrown, turn, wire } from "./asking.js";
import { stopClock } from "./clock.js";

const llm = await startLlm();
after(() => llm.close());

const HOUR = 3_600_000;
const once = { maxRetries: 0 };

/** A call whose one answer comes through a wire. */
function wired(timeouts, options = once) {
  const line = wire();
  return { line, stream: new ChatClient({ ...NOWHERE, fetch: () => line.response }, { ...options, timeouts }).stream({ messages }) };
}

/** Whether a promise is settled by now. */
async function isSettled(promise) {
  let settled = false;
  promise.then(() => (settled = true), () => (settled = true));
  await turn();
  return settled;
}

describe("the defaults", () => {
  /** What the upstream does, the phase, and how long it may take. */
  const DEFAULTS = {
    "no headers": [never, "headers", 30_000],
    "headers, then nothing": [() => wire().response, "idle", 30_000],
  };
  for (const [name, [fetch, phase, limit]] of Object.entries(DEFAULTS)) {
    test(`${name}: ${limit} ms`, async (t) => {
      const time = stopClock(t);
      const error = thrown(() => new ChatClient({ ...NOWHERE, fetch }, once).complete({ messages }));
      await time.pass(limit - 1);
      assert.equal(await isSettled(error), false);
      await time.pass(1);
      assert.equal((await error).phase, phase);
    });
  }

  test("comments, but no token: 60000 ms, counted from the request", async (t) => {
    const time = stopClock(t);
    const { line, stream } = wired();
    const error = thrown(() => stream.completion());
    for (let passed = 0; passed < 60_000; passed += 10_000) {
      assert.equal(await isSettled(error), false);
      line.send(": still thinking\n\n");
      await time.pass(10_000);
    }
    assert.equal((await error).phase, "firstToken");
  });

  test("tokens for ever: none", async (t) => {
    const time = stopClock(t);
    const { line, stream } = wired();
    const text = stream.textStream();
    for (let round = 0; round < 50; round++) {
      const next = text.next();
      await time.pass(29_999);
      line.send(event({ content: "x" }));
      assert.equal((await next).value, "x");
    }
    stream.abort();
  });
});

test("Infinity is none, and one of many days is no timer that fires at once", async (t) => {
  const time = stopClock(t);
  for (const limit of [Infinity, 2 ** 40]) {
    const timeouts = { headersMs: limit, firstTokenMs: limit, idleMs: limit, totalMs: limit };
    const { line, stream } = wired(timeouts);
    const text = stream.textStream();
    const next = text.next();
    await time.pass(1000 * HOUR);
    assert.equal(await isSettled(next), false);
    line.send(event({ content: "Hi" }));
    assert.equal((await next).value, "Hi");
    stream.abort();
    const waiting = new ChatClient({ ...NOWHERE, fetch: never }, { timeouts }).stream({ messages });
    await time.pass(1000 * HOUR);
    assert.equal(await isSettled(waiting.response), false);
    waiting.abort();
    assert.equal(time.timers(), 0);
  }
});

test("those of a call go over those of the client, each by itself", async (t) => {
  const time = stopClock(t);
  const client = new ChatClient({ ...NOWHERE, fetch: never }, { ...once, timeouts: { headersMs: 100, totalMs: 5000 } });
  const limits = [
    [{}, "headers", 100],
    [{ headersMs: 200 }, "headers", 200],
    [{ headersMs: Infinity }, "total", 5000],
    [{ idleMs: 1 }, "headers", 100],
  ];
  for (const [timeouts, phase, limit] of limits) {
    const error = thrown(() => client.complete({ messages }, { timeouts }));
    await time.pass(limit - 1);
    assert.equal(await isSettled(error), false);
    await time.pass(1);
    assert.equal((await error).phase, phase);
  }
});

describe("a slow reader is not the upstream's silence", () => {
  const SLOW = {
    "chunks": (stream) => stream[Symbol.asyncIterator](),
    "text": (stream) => stream.textStream(),
    "bytes": (stream) => {
      const reader = stream.toReadableStream().getReader();
      return { next: () => reader.read() };
    },
  };
  for (const [name, read] of Object.entries(SLOW)) {
    test(`${name}: before the first piece, between two, before the last`, async (t) => {
      const time = stopClock(t);
      const { line, stream } = wired();
      const pieces = read(stream);
      await time.pass(HOUR);
      line.send(event({ content: "a" }));
      assert.equal((await pieces.next()).done, false);
      await time.pass(HOUR);
      line.send(event({ content: "b" }));
      assert.equal((await pieces.next()).done, false);
      await time.pass(HOUR);
      line.send(DONE);
      line.end();
      let last;
      do last = await pieces.next();
      while (!last.done);
    });
  }

  test("but silence counts from when it waits again", async (t) => {
    const time = stopClock(t);
    const { line, stream } = wired({ idleMs: 100 });
    const text = stream.textStream();
    line.send(event({ content: "a" }));
    await text.next();
    for (const pause of [0, 50, 99, 100, 101, HOUR]) {
      await time.pass(pause);
      const next = text.next();
      await time.pass(99);
      assert.equal(await isSettled(next), false, `after a pause of ${pause}`);
      line.send(event({ content: "b" }));
      assert.equal((await next).value, "b");
    }
    await time.pass(HOUR);
    const error = thrown(() => text.next());
    await time.pass(99);
    assert.equal(await isSettled(error), false);
    await time.pass(1);
    assert.equal((await error).phase, "idle");
  });

  test("the total counts all the same", async (t) => {
    const time = stopClock(t);
    const { line, stream } = wired({ totalMs: 2 * HOUR });
    const text = stream.textStream();
    line.send(event({ content: "a" }));
    await text.next();
    await time.pass(HOUR);
    assert.equal(time.timers(), 1);
    await time.pass(HOUR);
    const error = await thrown(() => text.next());
    assert.equal(error.phase, "total");
    assert.equal(error.partial.choices[0].message.content, "a");
    await line.cancelled;
  });

  test("a stream that nobody reads any more keeps no timer, and so no process", async (t) => {
    const time = stopClock(t);
    const { line, stream } = wired();
    await stream.response;
    await time.pass(HOUR);
    assert.equal(time.timers(), 0);
    const text = stream.textStream();
    line.send(event({ content: "a" }));
    await text.next();
    await time.pass(HOUR);
    assert.equal(time.timers(), 0);
    line.send(event({ content: "b" }, "stop"));
    await text.next();
    await time.pass(HOUR);
    assert.equal(time.timers(), 0);
    const last = text.next();
    await time.pass(2000);
    assert.equal((await last).done, true, "it can be read on, though");
    assert.equal(time.timers(), 0);
  });
});

test("a finish reason is an end, though neither [DONE] nor the body's end comes", async (t) => {
  const time = stopClock(t);
  const { line, stream } = wired();
  const completion = stream.completion();
  line.send(event({ content: "Hi" }, "stop"));
  await time.pass(1999);
  assert.equal(await isSettled(completion), false, "usage may follow");
  await time.pass(1);
  assert.equal((await completion).choices[0].message.content, "Hi");
  await line.cancelled;
});

test("what such an end still owes is given to whoever reads", async (t) => {
  const time = stopClock(t);
  const { line, stream } = wired();
  const text = new Response(stream.toReadableStream()).text();
  line.send(event({ content: "Hi" }, "stop"));
  await time.pass(2000);
  assert.match(await text, /"Hi"[^]*data: \[DONE\]\n\n$/);
});

test("the total goes on while the key is asked for", async (t) => {
  const time = stopClock(t);
  const client = new ChatClient({ ...NOWHERE, apiKey: never, fetch: () => assert.fail("sent") }, { timeouts: { totalMs: 100 } });
  const error = thrown(() => client.complete({ messages }));
  await time.pass(100);
  assert.equal((await error).phase, "total");
});

test("a key that never comes is a deadline of its attempt, which is tried again", async (t) => {
  const time = stopClock(t);
  const late = [];
  const apiKey = () => new Promise((_, reject) => late.push(reject));
  const client = new ChatClient({ ...NOWHERE, apiKey, fetch: () => assert.fail("sent") }, { maxRetries: 1, timeouts: { headersMs: 100 } });
  const error = thrown(() => client.complete({ messages }));
  await time.pass(99);
  assert.equal(await isSettled(error), false);
  await time.pass(2000);
  assert.equal((await error).phase, "headers");
  assert.equal(late.length, 2, "each attempt asks anew");
  assert.equal(time.timers(), 0);
  // What comes then is nobody's.
  for (const reject of late) reject(new Error("the store is down"));
  await turn();
});

test("a key that comes late leaves its attempt what is left of the time", async (t) => {
  const time = stopClock(t);
  const apiKey = () => new Promise((resolve) => setTimeout(() => resolve("sk-key"), 60));
  const fetch = answering(never);
  const error = thrown(() => new ChatClient({ ...NOWHERE, apiKey, fetch }, { ...once, timeouts: { headersMs: 100 } }).complete({ messages }));
  await time.pass(99);
  assert.equal(fetch.requests.length, 1);
  assert.equal(await isSettled(error), false);
  await time.pass(1);
  assert.equal((await error).phase, "headers");
});

test("the total goes over attempts and the waits between them", async (t) => {
  const time = stopClock(t);
  const fetch = answering(refused(503, { "retry-after": "1" }), refused(503, { "retry-after": "1" }), never);
  const error = thrown(() => new ChatClient({ ...NOWHERE, fetch }, { timeouts: { totalMs: 2500 } }).complete({ messages }));
  await time.pass(2500);
  assert.equal((await error).phase, "total");
  assert.equal(fetch.requests.length, 3);
  assert.ok(fetch.requests.at(-1).signal.aborted);
});

test("a wait that would outlast the total is not begun: what failed is told at once", async (t) => {
  const time = stopClock(t);
  const fetch = answering(refused(503, { "retry-after": "10" }));
  const error = await thrown(() => new ChatClient({ ...NOWHERE, fetch }, { timeouts: { totalMs: 9000 } }).complete({ messages }));
  assert.ok(error instanceof ApiError);
  assert.equal(time.timers(), 0);
});

test("a deadline is tried again, and each attempt has all of it", async (t) => {
  const time = stopClock(t);
  const fetch = answering(never, never, answered("Hi"));
  const completion = new ChatClient({ ...NOWHERE, fetch }).complete({ messages }, { timeouts: { headersMs: 50 } });
  await time.pass(5000);
  assert.equal((await completion).choices[0].message.content, "Hi");
  assert.deepEqual(fetch.requests.map(({ signal }) => signal.aborted), [true, true, false]);
});

test("a deadline after output is not tried again, and cancels the body", async (t) => {
  const time = stopClock(t);
  const { line, stream } = wired({ idleMs: 50 }, {});
  const text = stream.textStream();
  line.send(event({ content: "Hi" }));
  await text.next();
  const error = thrown(() => text.next());
  await time.pass(50);
  assert.equal((await error).phase, "idle");
  assert.equal((await error).partial.choices[0].message.content, "Hi");
  assert.equal("cause" in (await error), false);
  await line.cancelled;
});

test("a refusal whose body never ends is told as a refusal", async (t) => {
  const time = stopClock(t);
  const line = wire();
  line.send("No such");
  const fetch = () => new Response(line.response.body, { status: 404 });
  const error = thrown(() => new ChatClient({ ...NOWHERE, fetch }).complete({ messages }));
  await time.pass(30_000);
  assert.ok(await error instanceof ApiError);
  assert.equal((await error).body, "No such");
  await line.cancelled;
});

test("an answer that was fetched elsewhere has no deadlines", async (t) => {
  const time = stopClock(t);
  const line = wire();
  const texts = all(ChatStream.fromResponse(line.response).textStream());
  await time.pass(1000 * HOUR);
  line.send(event({ content: "Hi" }) + DONE);
  assert.deepEqual(await texts, ["Hi"]);
});

// The last, since the clock may not stop while Node's fetch has timers.
describe("each phase has its own", () => {
  /** The option, what the upstream does, the phase, and the words that had come, `null` if an answer had only begun. */
  const PHASES = [
    ["headersMs", "hello?headersMs=60000", "headers", undefined],
    ["firstTokenMs", "hello?ttftMs=60000", "firstToken", undefined],
    ["firstTokenMs", "hello?ttftMs=60000&roleFirst", "firstToken", null],
    ["firstTokenMs", "hello?ttftMs=60000&heartbeatMs=5", "firstToken", undefined],
    ["idleMs", "count?hangAt=2", "idle", "1 2 "],
    ["idleMs", "hello?ttftMs=60000", "idle", undefined],
    ["totalMs", "hello?headersMs=60000", "total", undefined],
    ["totalMs", "count?hangAt=2", "total", "1 2 "],
    ["totalMs", "count?tokens=100000&gapMs=2", "total", /^1 2 /],
  ];
  for (const [option, model, phase, partial] of PHASES) {
    test(`${option}, where the upstream is ${model}`, async () => {
      // Long enough for what the upstream does send, which takes a few milliseconds.
      const client = new ChatClient({ baseUrl: llm.baseUrl }, { maxRetries: 0, timeouts: { [option]: 150 } });
      const user = `${option} ${model}`;
      const error = await thrown(() => client.complete({ ...ask(model), user }));
      assert.ok(error instanceof DeadlineError && error instanceof LiveAvatarLlmError, error?.stack);
      assert.equal(error.phase, phase);
      assert.equal(error.code, `deadline_${phase === "firstToken" ? "first_token" : phase}`);
      assert.match(error.message, new RegExp(`after 150 ms: raise \`timeouts.${option}\``));
      const content = error.partial?.choices[0].message.content;
      if (partial instanceof RegExp) assert.match(content, partial);
      else assert.equal(content, partial);
      await llm.waitFor((request) => request.body?.user === user && request.aborted);
    });
  }
});
