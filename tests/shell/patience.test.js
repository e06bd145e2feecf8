// How long an endpoint waits: for a caller that takes nothing, and for whoever says who may ask.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { never, turn } from "./asking.js";
import { stopClock } from "./clock.js";
import { deferred, events, FAILURE, hear, said, serving } from "./serving.js";

const WITHOUT_DEADLINES = { heartbeatMs: Infinity, timeouts: { firstTokenMs: Infinity, idleMs: Infinity } };

/** A source that says numbers for ever, and what is known of it. */
function counting() {
  const known = { given: 0, signal: undefined };
  const source = function* (_, { signal }) {
    known.signal = signal;
    for (; ; known.given++) yield `${known.given} `;
  };
  return { known, source };
}

describe("a caller that takes nothing for ten seconds has hung up", () => {
  for (const [name, options] of Object.entries({ "with signs of life": {}, "without any other deadline": WITHOUT_DEADLINES })) {
    test(`while a source goes on, ${name}`, async (t) => {
      const time = stopClock(t);
      const { known, source } = counting();
      const endpoint = serving(source, options);
      const response = await endpoint.ask();
      await time.pass(9999);
      assert.equal(known.signal.aborted, false);
      assert.ok(known.given < 30, `${known.given} pieces were asked for`);
      await time.pass(1);
      assert.equal(known.signal.aborted, true);
      const report = await endpoint.report();
      assert.deepEqual([report.outcome, report.error, report.totalMs], ["interrupted", undefined, 10_000]);
      assert.equal(time.timers(), 0);
      // Who reads then after all gets nothing that was kept.
      assert.equal(await response.text(), "");
    });
  }

  test("while a source is silent", async (t) => {
    const time = stopClock(t);
    const endpoint = serving(never);
    await endpoint.ask();
    await time.pass(10_000);
    assert.equal((await endpoint.report()).outcome, "interrupted");
  });

  test("after it has taken something", async (t) => {
    const time = stopClock(t);
    const { known, source } = counting();
    const endpoint = serving(source);
    const answer = events(await endpoint.ask());
    await time.pass(9000);
    await answer.next();
    await time.pass(9999);
    assert.equal(known.signal.aborted, false);
    await time.pass(1);
    assert.equal((await endpoint.report()).outcome, "interrupted");
  });
});

test("a caller that takes something every nine seconds gets all of it", async (t) => {
  const time = stopClock(t);
  const endpoint = serving(function* () {
    for (let n = 0; n < 40; n++) yield `${n} `;
  });
  const answer = events(await endpoint.ask());
  let text = "";
  for (let next = await answer.next(); !next.done; next = await answer.next()) {
    text += next.value.words ?? "";
    await time.pass(9000);
  }
  assert.equal(text, Array.from({ length: 40 }, (_, n) => `${n} `).join(""));
  assert.equal((await endpoint.report()).outcome, "spoken");
});

test("a caller that waits for a silent source takes all there is", async (t) => {
  const time = stopClock(t);
  const endpoint = serving(never, { heartbeatMs: Infinity });
  const heard = hear(endpoint.ask());
  await time.pass(20_000);
  assert.equal((await heard).text, FAILURE);
  assert.equal((await endpoint.report()).outcome, "failed");
});

test("an answer that has ended waits for its caller", async (t) => {
  const time = stopClock(t);
  const endpoint = serving(() => "Hello");
  const response = await endpoint.ask();
  await turn();
  assert.equal((await endpoint.report()).outcome, "spoken");
  await time.pass(60_000);
  assert.equal((await hear(response)).text, "Hello");
});

// A stream that breaks the first time, or later, that something is put into it, and calls no `cancel`.
describe("a caller that cannot be written to has hung up", () => {
  const { ReadableStream: Real } = globalThis;
  const unhandled = [];
  for (const good of [0, 1, 5]) {
    for (const [name, source] of Object.entries({ "a silent source": () => never(), "a source that goes on": counting().source })) {
      test(`${name}, after ${good} pieces`, async (t) => {
        const note = (reason) => void unhandled.push(reason);
        process.on("unhandledRejection", note);
        let left = good;
        let signal;
        globalThis.ReadableStream = class extends Real {
          constructor({ start, ...rest }, strategy) {
            const breaking = (controller) => ({
              enqueue: (bytes) => {
                if (left-- <= 0) throw new TypeError("the stream is not in a state that permits this");
                controller.enqueue(bytes);
              },
              close: () => controller.close(),
            });
            super({ start: (controller) => start(breaking(controller)), ...rest }, strategy);
          }
        };
        t.after(() => {
          globalThis.ReadableStream = Real;
          process.off("unhandledRejection", note);
        });
        const endpoint = serving((request, turn) => ((signal = turn.signal), source(request, turn)), { heartbeatMs: 5 });
        const response = await endpoint.ask();
        globalThis.ReadableStream = Real;
        const reading = response.text();
        assert.equal((await endpoint.report()).outcome, "interrupted");
        assert.notEqual(signal?.aborted, false, "a source that was asked is told");
        await reading;
        await turn();
        assert.deepEqual(unhandled, []);
      });
    }
  }
});

describe("a function that says who may ask", () => {
  for (const [name, auth] of Object.entries({ "gives the token": { bearer: never }, "decides": never })) {
    test(`and ${name} has five seconds; then the caller may ask again`, async (t) => {
      const { mock } = t.mock.method(console, "error", () => {});
      const time = stopClock(t);
      const endpoint = serving(() => assert.fail("asked"), { auth });
      let response;
      endpoint.ask().then((given) => (response = given));
      await time.pass(4999);
      assert.equal(response, undefined);
      await time.pass(1);
      assert.equal(response.status, 503);
      assert.match(String(mock.calls[0].arguments[1]), /`auth`.*5000 ms/);
      assert.equal(time.timers(), 0);
    });
  }

  test("may take its time within them", async (t) => {
    const time = stopClock(t);
    const asked = deferred();
    const endpoint = serving(() => "Hello", { auth: () => asked.promise });
    const heard = hear(endpoint.ask(said()));
    await time.pass(4000);
    asked.resolve(true);
    assert.equal((await heard).text, "Hello");
    assert.equal(time.timers(), 0);
  });
});
