// How a turn ends that nobody listens to any more, and that nothing is left of any turn.

import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";

import { current, instances } from "./module.js";
import { startLlm } from "../standins/llm.js";
import { event, wire } from "./asking.js";
import { deferred, events, FAILURE, hear, said, serving } from "./serving.js";

const llm = await startLlm();
after(() => llm.close());

afterEach(() => assert.deepEqual(instances.map(({ made, freed }) => made - freed), instances.map(() => 0), "no machine is left"));

/** How a caller hangs up: what it asks with, and what it then does. */
const WAYS = {
  "by letting go of the body": () => ({ more: {}, hangUp: (answer) => answer.cancel() }),
  "by its request's signal": () => {
    const controller = new AbortController();
    return { more: { signal: controller.signal }, hangUp: () => controller.abort() };
  },
};

/** A reader of an answer that can be let go of. */
async function listening(endpoint, more, body = said()) {
  const reader = (await endpoint.ask(body, more)).body.getReader();
  const decoder = new TextDecoder();
  let heard = "";
  return {
    async until(text) {
      while (!heard.includes(text)) {
        const { done, value } = await reader.read();
        assert.ok(!done, `the answer ended without ${text}: ${heard}`);
        heard += decoder.decode(value, { stream: true });
      }
    },
    cancel: () => reader.cancel(),
  };
}

for (const [way, begin] of Object.entries(WAYS)) {
  describe(`a caller that hangs up ${way}`, () => {
    test("aborts the source's signal, and returns its iterator", async () => {
      const { more, hangUp } = begin();
      let signal;
      const returned = deferred();
      const endpoint = serving(async function* (_, turn) {
        ({ signal } = turn);
        try {
          yield "Hello";
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        } finally {
          returned.resolve();
        }
      });
      const answer = await listening(endpoint, more);
      await answer.until("Hello");
      hangUp(answer);
      await returned.promise;
      assert.ok(signal.aborted);
      const report = await endpoint.report();
      assert.deepEqual([report.outcome, report.error], ["interrupted", undefined]);
      assert.ok(report.firstTokenMs <= report.totalMs);
    });

    test("returns an iterator between two pieces", async () => {
      const { more, hangUp } = begin();
      const returned = deferred();
      const pulled = deferred();
      let count = 0;
      const next = async () => {
        if (count++ === 0) return { value: "Hello" };
        pulled.resolve();
        return new Promise(() => {});
      };
      const endpoint = serving(() => ({ [Symbol.asyncIterator]: () => ({ next, return: async (reason) => returned.resolve(reason) }) }));
      const answer = await listening(endpoint, more);
      await answer.until("Hello");
      await pulled.promise;
      hangUp(answer);
      await returned.promise;
      assert.equal((await endpoint.report()).outcome, "interrupted");
    });

    test("cancels a source's body", async () => {
      for (const form of ["response", "body"]) {
        const { more, hangUp } = begin();
        const { response, send, cancelled } = wire();
        const endpoint = serving(() => (form === "body" ? response.body : response));
        const answer = await listening(endpoint, more);
        send(event({ content: "Hello" }));
        await answer.until("Hello");
        hangUp(answer);
        await cancelled;
        assert.equal((await endpoint.report()).outcome, "interrupted");
      }
    });

    test("aborts the request to an upstream, wherever that is", async () => {
      llm.script("silent", () => {});
      for (const [model, until] of [["count?tokens=9&hangAt=3", "3"], ["hello?ttftMs=600000", ""], ["hello?headersMs=600000", ""], ["silent", ""]]) {
        const { more, hangUp } = begin();
        const user = `${way} ${model}`;
        const endpoint = serving({ baseUrl: llm.baseUrl, model, override: { user } });
        const answer = await listening(endpoint, more);
        await answer.until(until);
        await llm.waitFor(({ body }) => body?.user === user);
        hangUp(answer);
        await llm.waitFor(({ body, aborted }) => body?.user === user && aborted);
        assert.equal((await endpoint.report()).outcome, "interrupted");
      }
    });

    test("ends the wait before another attempt", async () => {
      const { more, hangUp } = begin();
      const user = `${way} waits`;
      const endpoint = serving({ baseUrl: llm.baseUrl, model: "hello?status=503&retryAfter=9", override: { user } });
      const answer = await listening(endpoint, more);
      await llm.waitFor(({ body, status }) => body?.user === user && status === 503);
      hangUp(answer);
      assert.equal((await endpoint.report()).outcome, "interrupted");
      assert.equal(llm.requests.filter(({ body }) => body?.user === user).length, 1);
    });

    test("is not held by a source, a key or an iterator that never returns", async () => {
      const never = () => new Promise(() => {});
      const stuck = () => ({ [Symbol.asyncIterator]: () => ({ next: never, return: never }) });
      for (const source of [never, stuck, { baseUrl: llm.baseUrl, model: "hello", apiKey: never }]) {
        const { more, hangUp } = begin();
        const endpoint = serving(source);
        const answer = await listening(endpoint, more);
        await answer.until("role");
        hangUp(answer);
        assert.equal((await endpoint.report()).outcome, "interrupted");
      }
    });

    test("gets nothing of an answer that comes later", async () => {
      const { more, hangUp } = begin();
      const asked = deferred();
      const { response, cancelled } = wire();
      const endpoint = serving(() => asked.promise);
      const answer = await listening(endpoint, more);
      await answer.until("role");
      hangUp(answer);
      assert.equal((await endpoint.report()).outcome, "interrupted");
      asked.resolve(response);
      await cancelled;
    });

    test("after the end changes nothing", async () => {
      const { more, hangUp } = begin();
      const endpoint = serving(() => "Hello");
      const answer = await listening(endpoint, more);
      await answer.until("[DONE]");
      assert.equal((await endpoint.report()).outcome, "spoken");
      hangUp(answer);
      assert.equal((await endpoint.report()).outcome, "spoken");
    });
  });
}

test("a caller that is gone before the turn begins asks nobody", async () => {
  const endpoint = serving(() => assert.fail("asked"));
  const { request } = await import("./serving.js");
  const gone = request(said());
  Object.defineProperty(gone, "signal", { value: AbortSignal.abort() });
  const response = await endpoint.endpoint.fetch(gone, undefined, { waitUntil: (promise) => endpoint.turns.push(promise) });
  await response.text();
  assert.equal((await endpoint.report()).outcome, "interrupted");
});

test("a caller that wants no stream can hang up, too", async () => {
  const controller = new AbortController();
  const asked = deferred();
  const endpoint = serving((_, { signal }) => new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    asked.resolve();
  }));
  const response = endpoint.ask(said("Hi", { stream: false }), { signal: controller.signal });
  await asked.promise;
  controller.abort();
  await (await response).text();
  assert.equal((await endpoint.report()).outcome, "interrupted");
});

test("the worker is told of a turn before it gets the response, and kept until the report was taken", async () => {
  for (const stream of [true, false]) {
    const step = deferred();
    const order = [];
    const kept = [];
    const { endpoint } = serving(async () => (await step.promise, "Hello"), {
      onTurn: async () => {
        order.push("onTurn begins");
        await new Promise(setImmediate);
        order.push("onTurn ends");
      },
    });
    const { request } = await import("./serving.js");
    const ctx = { waitUntil: (promise) => kept.push(promise) };
    const response = endpoint.fetch(request(said("Hi", { stream })), undefined, ctx).then((response) => (order.push(`response, ${kept.length} kept`), response));
    if (stream) await response;
    while (kept.length === 0) await new Promise(setImmediate);
    step.resolve();
    await (await response).text();
    await kept[0];
    assert.deepEqual([...order].sort(), ["onTurn begins", "onTurn ends", "response, 1 kept"]);
    assert.equal(order.at(-1), "onTurn ends");
  }
});

test("nothing more is asked of a source than the caller takes", async () => {
  let given = 0;
  let wake = () => {};
  const endpoint = serving(function* () {
    for (; given < 1000; given++) {
      yield `${given} `;
      wake();
    }
  }, { heartbeatMs: 5 });
  const response = await endpoint.ask();
  // Until nothing more happens by itself.
  for (let last = -1; last !== given; ) {
    last = given;
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
  const first = given;
  assert.ok(first > 0 && first < 30, `${first} pieces were asked for while the caller took none`);
  // Several signs of life are due meanwhile, and none is added to what waits.
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(given, first);
  const heard = await hear(response);
  assert.equal(heard.text, Array.from({ length: 1000 }, (_, index) => `${index} `).join(""));
  assert.ok(heard.signs <= 1, `${heard.signs} signs of life were kept for a caller that took nothing`);
  assert.equal((await endpoint.report()).outcome, "spoken");
});

test("a caller that is slow cuts no source", async () => {
  const endpoint = serving(function* () {
    for (let n = 0; n < 100; n++) yield `${n} `;
  }, { heartbeatMs: 5, timeouts: { firstTokenMs: 20, idleMs: 20 } });
  const answer = events(await endpoint.ask());
  let text = "";
  for (let n = 0; n < 3; n++) {
    await answer.next();
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  for await (const { words = "" } of answer) text += words;
  assert.match(text, / 98 99 $/);
  assert.equal((await endpoint.report()).outcome, "spoken");
});

test("nothing is left of many turns, however they end", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const sources = [
    () => "Hello",
    () => { throw new Error("no"); },
    () => new Promise(() => {}),
    async function* () { yield "Hello"; await new Promise(() => {}); },
    { baseUrl: llm.baseUrl, model: "hello" },
    { baseUrl: llm.baseUrl, model: "hello?status=401" },
    { baseUrl: llm.baseUrl, model: "count?tokens=9&cutAt=3" },
  ];
  const { made, freed } = current();
  const ends = await Promise.all(
    Array.from({ length: 140 }, async (_, number) => {
      const endpoint = serving(sources[number % sources.length], { timeouts: { firstTokenMs: 50, idleMs: 50 } });
      const response = await endpoint.ask(said(number % 11 === 5 ? "" : "Hi", { stream: number % 5 !== 0 }));
      if (number % 3 === 0) await response.body.cancel();
      else await response.text();
      return (await endpoint.report()).outcome;
    }),
  );
  assert.deepEqual([...new Set(ends)].sort(), ["cut", "empty", "failed", "interrupted", "spoken"]);
  assert.ok(current().made - made >= 280 && current().made - made === current().freed - freed);
  // The ends of bodies are waited for a second at most.
  const end = performance.now() + 5000;
  while (timers() > before && performance.now() < end) await new Promise(setImmediate);
  assert.ok(timers() <= before, `${timers() - before} timers are left`);
});

describe("a fault in the module", () => {
  for (const call of ["turn_push", "turn_end", "turn_tick", "turn_takeBytes", "turn_deadline"]) {
    test(`in ${call} ends one turn, and is told; the next is not affected`, async () => {
      const heard = deferred();
      const endpoint = serving(async () => {
        const { response, send, end } = wire();
        send(event({ content: "Hello" }));
        heard.promise.then(() => (send(event({ content: " world" })), end()));
        return response;
      }, { heartbeatMs: 10 });
      const before = instances.length;
      const answer = await listening(endpoint, {});
      await answer.until("Hello");
      current().trapIn = call;
      // A tick comes while the source is silent.
      if (!["turn_tick", "turn_deadline"].includes(call)) heard.resolve();
      await assert.rejects(answer.until("[DONE]"), /the answer ended/);
      const report = await endpoint.report();
      assert.deepEqual([report.outcome, report.error.code, report.error.name], ["failed", "internal", "LiveAvatarLlmError"]);
      assert.match(report.id, /^chatcmpl-/);
      assert.ok(report.totalMs >= 0 && report.utteranceId);
      assert.equal((await hear(serving(() => "Hello").ask())).text, "Hello");
      assert.equal(instances.length, before + 1);
      // A trapped instance is given up with all its memory.
      const trapped = instances.splice(-2, 1)[0];
      assert.ok(trapped.made - trapped.freed <= 2);
    });
  }
});
