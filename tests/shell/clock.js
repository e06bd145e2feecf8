// A clock that goes on only when a test says so: in place of `performance.now`, `setTimeout` and `clearTimeout`. It is for
// doubles of fetch: Node's own has timers, which it would stop for good.

import assert from "node:assert/strict";

import { turn } from "./asking.js";

/** Node waits 1 ms instead of more than this. */
const LONGEST = 2 ** 31 - 1;

/**
 * Stops the clock for the rest of a test.
 * @param {import("node:test").TestContext} test
 */
export function stopClock(test) {
  const { setTimeout, clearTimeout } = globalThis;
  let now = 1000;
  const timers = new Map();
  performance.now = () => now;
  globalThis.setTimeout = (call, ms = 0) => {
    assert.ok(ms >= 0 && ms <= LONGEST, `no timer can wait ${ms} ms`);
    const timer = { unref: () => timer };
    timers.set(timer, { at: now + ms, call });
    return timer;
  };
  globalThis.clearTimeout = (timer) => void timers.delete(timer);
  test.after(() => {
    delete performance.now;
    Object.assign(globalThis, { setTimeout, clearTimeout });
  });

  const earliest = () => [...timers.values()].reduce((at, timer) => Math.min(at, timer.at), Infinity);

  /** Lets so many milliseconds pass, and what is due in them happen in its order. */
  async function pass(ms) {
    const end = now + ms;
    for (await turn(); earliest() <= end; await turn()) {
      now = earliest();
      const [timer, { call }] = [...timers].find(([, { at }]) => at === now);
      timers.delete(timer);
      call();
    }
    now = end;
  }

  return {
    pass,

    /** How many timers are waiting. */
    timers: () => timers.size,

    /** Lets the time pass to the next timer, and gives how much it was. */
    async passToNext() {
      await turn();
      assert.ok(timers.size > 0, "no timer is waiting");
      const ms = earliest() - now;
      await pass(ms);
      return ms;
    },
  };
}
