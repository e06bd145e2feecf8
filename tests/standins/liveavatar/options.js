// How this stand-in can be switched, at start, by `set()`, or over HTTP with POST /standin/options.
// A default that says "unknown" is a choice made here: nothing public tells what the real service does.

import { CALLER_DEFAULTS } from "./caller.js";

const choice = (value, choices, about) => ({ value, about, ok: (given) => choices.includes(given), wants: choices.map((one) => JSON.stringify(one)).join(" or ") });
const amount = (value, about) => ({ value, about, ok: (given) => typeof given === "number" && given >= 0, wants: "a number from 0 up" });
const limit = (value, about) => ({ value, about, ok: (given) => given === null || (typeof given === "number" && given >= 0), wants: "a number from 0 up, or null for no limit" });
const whether = (value, about) => choice(value, [true, false], about);

export const OPTIONS = {
  names: choice("reference", ["reference", "guide"], 'spelling: the API reference\'s (llm-configurations, OPENAI_API_KEY, PATCH, sessions/stop, keep-alive), which is what works, or the guide\'s and others\' (llm_configurations, LLM_API_KEY, PUT, DELETE sessions, keep_alive)'),
  errorShape: choice("envelope", ["envelope", "fastapi"], "body of a 422; which one is live: unknown"),
  successCode: amount(1000, "code of a success; 1000 live, 100 in the reference"),

  credits: amount(1000, "what the account has left at the start"),
  concurrency: limit(null, "live sessions at once; the plans' numbers are unknown, 1 is reported for the free one"),
  concurrencyCode: choice(4032, [4032, 4003], "4032 in newer records, 4003 in older ones"),
  concurrencyStatus: amount(403, "status beside that code; with 4032 unknown"),
  maxSessionDuration: amount(1200, "seconds; the cap of the plan, unknown for most"),
  sandboxMaxDuration: amount(60, "seconds"),
  idleTimeoutMs: amount(300_000, "without activity a session ends"),
  rateLimit: limit(null, "requests of one caller to one endpoint in a second; unknown"),
  tokenLifetimeMs: limit(null, "how long a session token may wait for its start; unknown"),

  startTwice: choice("refuse", ["refuse", "repeat"], "starting with a token again: 400, or the same answer; unknown"),
  stopTwice: choice("notFound", ["notFound", "ok"], "stopping an ended session; unknown"),
  checkAvatar: choice("token", ["token", "start", "never"], "where an avatar that isn't yours is noticed; most likely at the token"),
  checkContext: choice("token", ["token", "start", "never"], "where a context that doesn't exist is noticed; unknown"),
  checkVoice: choice("never", ["token", "start", "never"], "where a voice that doesn't exist is noticed; unknown"),
  checkSecretType: whether(false, "whether an LLM configuration wants a secret of an LLM's type; unknown"),
  llmPrecedence: choice("configuration", ["configuration", "settings"], "what wins when llm_configuration_id and llm_settings are both given; unknown"),
  restrictedMode: whether(true, "documented: without a context the avatar answers nothing; one project saw callbacks nonetheless"),
  pageLinks: choice("absolute", ["absolute", "relative"], "next and previous of a page; unknown"),
  transcriptUnit: choice("s", ["s", "ms"], "timestamps in transcripts; unknown"),

  interruptedReply: choice("forgotten", ["forgotten", "heard"], "what an interrupted reply leaves in the history: nothing, as recorded, or what was heard of it, as livekit-agents does once speech has begun"),
  agentClosesAfter: limit(3, "failed turns in a row that the agent survives; livekit-agents' default, not seen at LiveAvatar"),
  prewarm: whether(false, "GET <base_url>/models when a session starts, as newer callers do"),
  readTimeoutMs: amount(CALLER_DEFAULTS.readTimeoutMs, "the caller's timer between bytes"),
  retryWaitsMs: { value: CALLER_DEFAULTS.retryWaitsMs, about: "the caller's waits before its further attempts", ok: (given) => Array.isArray(given) && given.every((ms) => typeof ms === "number" && ms >= 0), wants: "a list of numbers" },
  temperature: amount(CALLER_DEFAULTS.temperature, "what the caller sends; whether it is fixed: unknown"),
};

/** @returns {Record<string, any>} */
export const defaults = () => Object.fromEntries(Object.entries(OPTIONS).map(([name, { value }]) => [name, structuredClone(value)]));

/**
 * Changes `options` in place.
 * @param {Record<string, any>} options
 * @param {Record<string, any>} given
 * @throws {TypeError} for an unknown name or an unfit value; nothing is changed then
 */
export function change(options, given) {
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (!option) throw new TypeError(`Unknown option "${name}". Known: ${Object.keys(OPTIONS).join(", ")}.`);
    if (!option.ok(value)) throw new TypeError(`Option "${name}" wants ${option.wants}, not ${JSON.stringify(value)}.`);
  }
  Object.assign(options, given);
}
