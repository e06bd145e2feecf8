// Stopping: by the caller's signal or by abort(), whatever is going on.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { ChatClient, ChatStream } from "../../pkg/index.js";
import { startLlm } from "../standins/llm.js";
import { all, answered, answering, ask, DONE, event, messages, never, NOWHERE, refused, thrown, turn, wire } from "./asking.js";
import { stopClock } from "./clock.js";

const llm = await startLlm();
after(() => llm.close());

const REASONS = {
  "an Error": new Error("the caller hung up"),
  "a string": "the caller hung up",
  "an object that is no Error": { why: "the caller hung up" },
  "null": null,
  "none": undefined,
};

/** Asks a client whose fetch and key are given. */
const asking = ({ fetch, apiKey }, signal) => new ChatClient({ ...NOWHERE, fetch, ...(apiKey && { apiKey }) }).stream({ messages }, { signal });

/** How far a call has come when it is stopped. Each begins one, and gives it with a wait for that to be so. */
const PHASES = {
  "while the key is asked for": (signal) => [asking({ apiKey: never, fetch: () => assert.fail("nothing is sent without the key") }, signal), turn],
  "while the headers are waited for": (signal) => {
    let request;
    const stream = asking({ fetch: (given) => ((request = given), never()) }, signal);
    return [stream, turn, () => assert.ok(request.signal.aborted, "fetch is told")];
  },
  "while the body is read": (signal) => {
    const line = wire();
    const stream = asking({ fetch: () => line.response }, signal);
    return [stream, turn, () => line.cancelled];
  },
  "when something of it was read": (signal) => {
    const line = wire();
    line.send(event({ content: "Hi" }));
    return [asking({ fetch: () => line.response }, signal), turn, () => line.cancelled];
  },
  "while a refusal is read": (signal) => {
    const line = wire();
    const refusal = new Response(line.response.body, { status: 500 });
    return [asking({ fetch: () => refusal }, signal), turn, () => line.cancelled];
  },
  "between two attempts": (signal) => [asking({ fetch: answering(refused(503, { "retry-after": "50" })) }, signal), turn],
};

describe("an abort gives the very reason to every reader", () => {
  for (const [phase, begin] of Object.entries(PHASES)) {
    for (const [name, reason] of Object.entries(REASONS)) {
      test(`${phase}, by the signal, with ${name}`, async () => {
        const controller = new AbortController();
        const [stream, until, stopped] = begin(controller.signal);
        const reading = thrown(() => all(stream.textStream()));
        const completion = thrown(() => stream.completion());
        await until();
        controller.abort(reason);
        const expected = controller.signal.reason;
        if (reason !== undefined) assert.equal(expected, reason);
        assert.equal(await reading, expected);
        assert.equal(await completion, expected);
        assert.equal(await thrown(() => stream.completion()), expected, "later too");
        await stopped?.();
      });

      test(`${phase}, by abort(), with ${name}`, async () => {
        const [stream, until, stopped] = begin();
        const reading = thrown(() => all(stream));
        await until();
        stream.abort(reason);
        const error = await reading;
        if (reason === undefined) assert.ok(error instanceof DOMException && error.name === "AbortError");
        else assert.equal(error, reason);
        assert.equal(await thrown(() => stream.completion()), error);
        await stopped?.();
      });
    }

    test(`${phase}, when nobody reads yet`, async () => {
      const [stream, until, stopped] = begin();
      await until();
      stream.abort("enough");
      await stopped?.();
      assert.equal(await thrown(() => all(stream)), "enough");
    });
  }
});

for (const [name, reason] of Object.entries(REASONS)) {
  test(`a signal that was aborted before, with ${name}: nothing is sent, and nobody is asked for the key`, async () => {
    const signal = AbortSignal.abort(reason);
    const asked = () => assert.fail("asked");
    const stream = asking({ apiKey: asked, fetch: asked }, signal);
    for (const work of [() => all(stream), () => stream.completion(), () => stream.response]) assert.equal(await thrown(work), signal.reason);
    const client = new ChatClient({ ...NOWHERE, fetch: asked });
    assert.equal(await thrown(() => client.complete({ messages }, { signal })), signal.reason);
  });
}

test("an abort after the end changes nothing", async () => {
  const controller = new AbortController();
  const stream = asking({ fetch: () => answered("Hi") }, controller.signal);
  const completion = await stream.completion();
  controller.abort(new Error("too late"));
  stream.abort(new Error("too late"));
  assert.equal(await stream.completion(), completion);
  assert.equal((await stream.response).status, 200);
});

test("an abort after an error leaves the error", async () => {
  const stream = ChatStream.fromResponse(refused(400));
  const error = await thrown(() => stream.completion());
  stream.abort(new Error("too late"));
  assert.equal(await thrown(() => stream.completion()), error);
});

test("the first of several reasons counts", async () => {
  const controller = new AbortController();
  const stream = asking({ fetch: never }, controller.signal);
  stream.abort("first");
  controller.abort("second");
  stream.abort("third");
  assert.equal(await thrown(() => stream.completion()), "first");
});

test("an abort out of the loop's body is thrown into the loop", async () => {
  const line = wire();
  line.send(event({ content: "Hi" }));
  const stream = ChatStream.fromResponse(line.response);
  const heard = [];
  const error = await thrown(async () => {
    for await (const text of stream.textStream()) {
      heard.push(text);
      stream.abort("enough");
    }
  });
  assert.deepEqual([heard, error], [["Hi"], "enough"]);
});

test("what came before an abort, but was not taken, is not given any more", async () => {
  const stream = ChatStream.fromResponse(answered("a", "b", "c"));
  const chunks = stream[Symbol.asyncIterator]();
  await chunks.next();
  const other = ChatStream.fromResponse(wire().response);
  other.abort("enough");
  assert.equal(await thrown(() => other.textStream().next()), "enough");
  assert.equal((await chunks.next()).value.choices[0].delta.content, "b", "a whole answer is given to its end");
});

test("an abort() rejects the response too, while there is none", async () => {
  const stream = asking({ fetch: never });
  stream.abort("enough");
  assert.equal(await thrown(() => stream.response), "enough");
  const open = ChatStream.fromResponse(wire().response);
  open.abort("enough");
  assert.equal((await open.response).status, 200);
});

describe("a fetch that does not heed its signal", () => {
  test("is not waited for, and its late body is cancelled", async () => {
    let respond;
    const stream = asking({ fetch: () => new Promise((resolve) => (respond = resolve)) });
    const reading = thrown(() => all(stream));
    await turn();
    stream.abort("enough");
    assert.equal(await reading, "enough");
    const line = wire();
    respond(line.response);
    await line.cancelled;
  });

  test("may fail late", async () => {
    let fail;
    const stream = asking({ fetch: () => new Promise((_, reject) => (fail = reject)) });
    await turn();
    stream.abort("enough");
    assert.equal(await thrown(() => stream.completion()), "enough");
    fail(new Error("late"));
    await turn();
  });

  test("that answers in the moment of the abort has its body cancelled", async () => {
    const line = wire();
    let respond;
    const stream = asking({ fetch: () => new Promise((resolve) => (respond = resolve)) });
    const reading = thrown(() => all(stream));
    await turn();
    respond(line.response);
    // Before anyone could look at the response.
    await Promise.resolve();
    stream.abort("enough");
    assert.equal(await reading, "enough");
    await line.cancelled;
  });

  test("is left alone when its headers are overdue, and its late body is cancelled", async (t) => {
    const time = stopClock(t);
    const line = wire();
    let respond;
    const fetch = answering(() => new Promise((resolve) => (respond = resolve)), answered("Hi"));
    const stream = new ChatClient({ ...NOWHERE, fetch }).stream({ messages }, { timeouts: { headersMs: 10 } });
    const completion = stream.completion();
    await time.pass(1000);
    respond(line.response);
    await line.cancelled;
    assert.equal((await completion).choices[0].message.content, "Hi");
  });
});

describe("listeners on the caller's signal", () => {
  /** A controller, and how many listeners its signal has. */
  function listened() {
    const controller = new AbortController();
    const { signal } = controller;
    let count = 0;
    signal.addEventListener = (...given) => (count++, AbortSignal.prototype.addEventListener.apply(signal, given));
    signal.removeEventListener = (...given) => (count--, AbortSignal.prototype.removeEventListener.apply(signal, given));
    return { controller, signal, listeners: () => count };
  }

  const broken = () => {
    const line = wire();
    line.fail(new Error("cut"));
    return line.response;
  };
  const ENDINGS = {
    "an answer": [() => answered("Hi"), (stream) => stream.completion()],
    "an error": [() => refused(400), (stream) => thrown(() => stream.completion())],
    "a lost connection and another attempt": [
      answering(broken(), answered("Hi")),
      (stream, time) => Promise.all([stream.completion(), time.pass(10_000)]),
    ],
    "a deadline": [never, (stream, time) => Promise.all([thrown(() => stream.completion()), time.pass(10_000_000)])],
    "a loop that is left": [() => answered("a", "b"), async (stream) => {
      for await (const _ of stream) break;
    }],
    "a stream of bytes that is cancelled": [() => wire().response, (stream) => stream.toReadableStream().cancel()],
    "abort()": [never, (stream) => stream.abort()],
    "an abort of the signal": [never, (_, __, controller) => controller.abort()],
  };
  for (const [name, [fetch, end]] of Object.entries(ENDINGS)) {
    test(`are gone after ${name}`, async (t) => {
      const time = stopClock(t);
      const { controller, signal, listeners } = listened();
      const stream = asking({ fetch }, signal);
      assert.equal(listeners(), 1);
      await turn();
      await end(stream, time, controller);
      assert.equal(listeners(), 0);
      assert.equal(time.timers(), 0, "and so are timers");
    });
  }

  test("are none on a signal that was aborted before", async () => {
    const { controller, signal, listeners } = listened();
    controller.abort();
    asking({ fetch: never }, signal);
    assert.ok(listeners() <= 0);
  });
});

test("a body that ends after [DONE] is read to its end, so that its connection can be used again", async () => {
  const line = wire();
  const stream = ChatStream.fromResponse(line.response);
  line.send(event({ content: "Hi" }, "stop") + DONE);
  const completion = await stream.completion();
  assert.equal(completion.choices[0].message.content, "Hi");
  await turn();
  assert.equal(line.pulls(), 1, "its end is waited for");
  line.end();
  await turn();
  assert.equal(await Promise.race([line.cancelled, "not cancelled"]), "not cancelled");
});

// The last, since the clock may not stop while Node's fetch has timers.
describe("over a network the upstream's connection is closed", () => {
  const client = new ChatClient({ baseUrl: llm.baseUrl });
  const PLACES = {
    "before the headers": "hello?headersMs=60000",
    "before the first token": "hello?ttftMs=60000",
    "midway": "count?tokens=100000&gapMs=5",
    "in a silence": "count?hangAt=2",
  };
  for (const [place, model] of Object.entries(PLACES)) {
    test(place, async () => {
      const controller = new AbortController();
      const user = `aborts ${place}`;
      const stream = client.stream({ ...ask(model), user }, { signal: controller.signal });
      const reading = thrown(() => all(stream));
      await llm.waitFor((request) => request.body?.user === user);
      controller.abort("enough");
      assert.equal(await reading, "enough");
      await llm.waitFor((request) => request.body?.user === user && request.aborted);
    });
  }

  test("when it goes on after the answer has ended", async () => {
    const user = "held open";
    const stream = client.stream({ ...ask("hello?holdOpen"), user });
    assert.equal((await stream.completion()).choices[0].message.content, "Hello world");
    await llm.waitFor((request) => request.body?.user === user && request.aborted);
  });
});
