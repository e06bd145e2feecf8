// Time between two requests that belong together.

import { invalid } from "./errors.js";

/** The longest that a timer can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** How often something is to be done, in milliseconds; says what is wrong with it. */
export function checkedEvery(ms: number): number {
  if (typeof ms === "number" && ms > 0 && ms <= LONGEST_MS) return ms;
  throw invalid("/everyMs", "out_of_range", "`everyMs` must be a number of milliseconds, more than 0 and at most 2147483647");
}

/** Resolves after a time; rejects with the signal's reason when that is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}
