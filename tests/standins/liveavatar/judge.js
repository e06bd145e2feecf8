// The judge of the package that the stand-ins belong to: what LiveAvatar's caller makes of an answer, as src/judge/ says it.
//
//   const judge = await startJudge({ readTimeoutMs, retryWaitsMs });
//   judge.next()      "send", "read", "wait" or "done"; the package's Judge says in which order to tell it what
//   verdict(judge)    { outcome, heard, why, status, requests, toolCalls, attempts }, or { attempts } while it is not over
//
// The package must have been built. It is read at the first turn, and a stand-in that makes none does without it.

import { readFile } from "node:fs/promises";

const PACKAGE = new URL("../../../pkg/", import.meta.url);

/** @type {Promise<typeof import("../../../pkg/liveavatar_llm.js")> | undefined} */
let loading;

async function load() {
  const module = await import(new URL("liveavatar_llm.js", PACKAGE).href);
  module.initSync({ module: await readFile(new URL("liveavatar_llm_bg.wasm", PACKAGE)) });
  return module;
}

/**
 * @param {{ readTimeoutMs?: number, retryWaitsMs?: number[], version?: "observed" | "newest" }} [settings] the caller's own unless said
 */
export async function startJudge({ readTimeoutMs, retryWaitsMs, version = "observed" } = {}) {
  const { Judge } = await (loading ??= load());
  return new Judge(version, readTimeoutMs, retryWaitsMs && Float64Array.from(retryWaitsMs));
}

/** @param {{ verdict: () => string }} judge */
export const verdict = (judge) => JSON.parse(judge.verdict());
