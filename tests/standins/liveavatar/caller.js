// LiveAvatar's caller: how the service asks a developer's own LLM for one turn.
//
// Observed in July 2026: LiveKit Agents 1.6.4 with openai-python 2.44.0. One POST per utterance to `<base_url>/chat/completions`, the stored
// secret as Bearer token, the whole history in `messages`. What it makes of the answer, when it gives up and when it asks again is the
// judge's to say; here it is done. A failed turn is silence; nobody is told.

import { pause } from "../loopback.js";
import { exchange, NotCalled } from "./exchange.js";
import { startJudge, verdict } from "./judge.js";

/** Where LiveAvatar goes when a configuration has no base_url. */
export const OPENAI_BASE_URL = "https://api.openai.com/v1";

/** What can be set. LiveAvatar offers none of it; tests shorten the waits. */
export const CALLER_DEFAULTS = {
  readTimeoutMs: 10_000,
  retryWaitsMs: [100, 2000, 2000],
  temperature: 0.5,
  allowRemote: false, // without it only this computer is called
};

/**
 * @typedef {{ outcome: "spoken" | "cut" | "lost" | "mute" | "interrupted" | "refused", heard: string, why: string, code: string,
 *   attempts: { status: number | null, why: string, ms: number }[], firstTextMs: number | null, totalMs: number,
 *   toolCalls: { id: string, name: string, arguments: string }[] }} Outcome
 *
 * spoken: the whole answer was heard. cut: it broke off. lost: nothing was heard, since the call failed. mute: nothing was heard although
 * the call succeeded. interrupted: `signal` aborted. refused: the stand-in itself would not call that address. `why` is a sentence, and
 * `code` the judge's word for the same; both are empty when the answer was spoken.
 */

/**
 * One turn. Never rejects: whatever happens, the avatar's side of it is an outcome.
 * @param {{ baseUrl?: string | null, secret: string, model: string, messages: { role: string, content: string }[],
 *   room: { roomId: string, jobId: string, agentId: string }, settings?: Partial<typeof CALLER_DEFAULTS>, signal: AbortSignal,
 *   onText?: (text: string) => void, onAttempt?: (attempt: number) => void, onBytes?: () => void }} turn
 *   onBytes: something arrived, be it a sign of life that says nothing
 * @returns {Promise<Outcome>}
 */
export async function callLlm({ baseUrl, secret, model, messages, room, settings, signal, onText = () => {}, onAttempt = () => {}, onBytes = () => {} }) {
  const { readTimeoutMs, retryWaitsMs, temperature, allowRemote } = { ...CALLER_DEFAULTS, ...settings };
  const began = performance.now();
  const since = (start) => Math.round(performance.now() - start);
  const judge = await startJudge({ readTimeoutMs, retryWaitsMs });
  const outcome = { outcome: "lost", heard: "", why: "", code: "", attempts: [], firstTextMs: null, totalMs: 0, toolCalls: [] };
  const hear = () => {
    const text = judge.take();
    if (!text) return;
    outcome.firstTextMs ??= since(began);
    outcome.heard += text;
    onText(text);
  };

  const first = { url: completionsUrl(baseUrl), headers: requestHeaders({ secret, room, readTimeoutMs }), body: Buffer.from(JSON.stringify(requestBody({ model, messages, temperature }))) };
  // What is known of each attempt beyond the judge's verdict: its failure, and how long it took with all that the computer did.
  const details = [];
  const took = [];
  const attempts = () => verdict(judge).attempts;
  let notCalled = "";
  let next;
  for (let start; !signal.aborted && !notCalled && judge.next() !== "done"; ) {
    if (judge.next() === "wait") {
      await pause(Math.max(1, judge.due() - performance.now()), signal);
      judge.tick(performance.now());
      continue;
    }
    const index = attempts().length;
    if (!next) onAttempt(index + 1);
    start = next ? start : performance.now();
    try {
      ({ next, detail: details[index] } = await exchange({ ...(next ?? first), judge, allowRemote, signal, onBytes, hear }));
    } catch (error) {
      if (!(error instanceof NotCalled)) throw error;
      notCalled = error.message;
    }
    if (details[index]) details[index] = clean(details[index], secret);
    took[index] = since(start);
    if (attempts().length > index) next = undefined;
    else if (notCalled || signal.aborted) outcome.attempts.push({ status: null, why: notCalled || INTERRUPTED, ms: took[index] });
  }

  const { attempts: done, ...judged } = verdict(judge);
  outcome.attempts.unshift(...done.map(({ status, why }, index) => ({ status, why: (DETAILED.includes(why?.code) && details[index]) || (why?.message ?? ""), ms: took[index] })));
  if (judge.next() === "done") Object.assign(outcome, { outcome: judged.outcome, why: outcome.attempts.at(-1).why, code: judged.why?.code ?? "", toolCalls: judged.toolCalls });
  if (notCalled) Object.assign(outcome, { outcome: "refused", why: notCalled });
  if (signal.aborted) Object.assign(outcome, { outcome: "interrupted", why: INTERRUPTED });
  outcome.totalMs = since(began);
  judge.free();
  return outcome;
}

/** Where it makes a difference what the other side said, or the system. */
const DETAILED = ["refused", "no_connection"];
const INTERRUPTED = "the turn was interrupted";
const clean = (text, secret) => text.replaceAll(secret, "…").replace(/\s+/g, " ").trim().slice(0, 200);

/**
 * `/chat/completions` is appended to what was registered, as it was registered: no /v1 is added, nothing is checked.
 * A doubled path or a query in the middle is what people got that way.
 * @param {string | null | undefined} baseUrl
 * @returns {string}
 */
export function completionsUrl(baseUrl) {
  const base = baseUrl ?? OPENAI_BASE_URL;
  return `${base.endsWith("/") ? base : `${base}/`}chat/completions`;
}

/**
 * The body, key by key in the caller's order.
 * @param {{ model: string, messages: { role: string, content: string }[], temperature: number }} turn
 */
export function requestBody({ model, messages, temperature }) {
  const name = model.slice(model.lastIndexOf("/") + 1);
  const body = { messages, model };
  // Names of OpenAI's reasoning models change the request, whoever answers under them.
  if (REASONING_NAMES.includes(model)) body.reasoning_effort = /^gpt-5\.\d/.test(model) ? "none" : "minimal";
  body.stream = true;
  body.stream_options = { include_usage: true };
  if (!/^(?:o1|o3|o4|gpt-5)/.test(name)) body.temperature = temperature;
  return body;
}

const REASONING_NAMES = ["gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini"];

function requestHeaders({ secret, room, readTimeoutMs }) {
  return {
    "Accept-Encoding": "gzip, deflate",
    Connection: "keep-alive",
    Authorization: `Bearer ${secret}`,
    Accept: "application/json", // although it wants an event stream
    "Content-Type": "application/json",
    "User-Agent": "LiveKit Agents/1.6.4 (python 3.12.12)",
    "X-LiveKit-Room-ID": room.roomId,
    "X-LiveKit-Job-ID": room.jobId,
    "X-LiveKit-Agent-ID": room.agentId,
    "X-Stainless-Lang": "python",
    "X-Stainless-Package-Version": "2.44.0",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.12.12",
    "X-Stainless-Async": "async:asyncio",
    "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": (readTimeoutMs / 1000).toFixed(1),
  };
}
