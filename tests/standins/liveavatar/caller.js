// LiveAvatar's caller: how the service asks a developer's own LLM for one turn.
//
// Observed in July 2026: LiveKit Agents 1.6.4 with openai-python 2.44.0. One POST per utterance to `<base_url>/chat/completions`, the stored
// secret as Bearer token, the whole history in `messages`. Ten seconds without a byte end an attempt. While nothing was handed to speech,
// a failed attempt is repeated: four in all, after 0.1, 2 and 2 seconds. A failed turn is silence; nobody is told.

import { pause } from "../loopback.js";
import { exchange, NotCalled } from "./exchange.js";
import { READ_TIMEOUT_MS, Reading, verdict } from "./judge.js";

/** Where LiveAvatar goes when a configuration has no base_url. */
export const OPENAI_BASE_URL = "https://api.openai.com/v1";

/** What can be set. LiveAvatar offers none of it; tests shorten the waits. */
export const CALLER_DEFAULTS = {
  readTimeoutMs: READ_TIMEOUT_MS,
  retryWaitsMs: [100, 2000, 2000],
  temperature: 0.5,
  allowRemote: false, // without it only this computer is called
};

/**
 * @typedef {{ outcome: "spoken" | "cut" | "lost" | "mute" | "interrupted" | "refused", heard: string, why: string,
 *   attempts: { status: number | null, why: string, ms: number }[], firstTextMs: number | null, totalMs: number,
 *   toolCalls: { id: string, name: string, arguments: string }[] }} Outcome
 *
 * spoken: the whole answer was heard. cut: it broke off. lost: nothing was heard, since the call failed. mute: nothing was heard although
 * the call succeeded. interrupted: `signal` aborted. refused: the stand-in itself would not call that address.
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
  const outcome = { outcome: "lost", heard: "", why: "", attempts: [], firstTextMs: null, totalMs: 0, toolCalls: [] };
  const speak = (text) => {
    outcome.firstTextMs ??= since(began);
    outcome.heard += text;
    onText(text);
  };

  const body = Buffer.from(JSON.stringify(requestBody({ model, messages, temperature })));
  for (let turn = 0; !signal.aborted; turn++) {
    onAttempt(turn + 1);
    const start = performance.now();
    const attempt = await tryOnce({ url: completionsUrl(baseUrl), secret, body, room, readTimeoutMs, allowRemote, signal, speak, onBytes });
    const { status, why, outcome: result, toolCalls = [], retry } = attempt;
    outcome.attempts.push({ status, why, ms: since(start) });
    Object.assign(outcome, { outcome: result, why, toolCalls });
    if (!retry || turn >= retryWaitsMs.length) break;
    await pause(retryWaitsMs[turn], signal);
  }
  if (signal.aborted) Object.assign(outcome, { outcome: "interrupted", why: "the turn was interrupted" });
  outcome.totalMs = since(began);
  return outcome;
}

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

/** @returns {Promise<{ status: number | null, outcome: string, why: string, retry: boolean, toolCalls?: object[] }>} */
async function tryOnce({ url, secret, body, room, readTimeoutMs, allowRemote, signal, speak, onBytes }) {
  const reading = new Reading();
  let status = null;
  let refusal = "";
  const succeeded = () => status >= 200 && status < 300;
  try {
    await exchange({
      url,
      headers: requestHeaders({ secret, room, readTimeoutMs }),
      body,
      readTimeoutMs,
      allowRemote,
      signal,
      onStatus: (code) => (status = code),
      onBytes: (bytes) => {
        onBytes();
        if (succeeded()) reading.feed(bytes).forEach(speak);
        else if (refusal.length < 2000) refusal += Buffer.from(bytes).toString();
        return reading.done;
      },
    });
    if (!succeeded()) return refused(status, refusal, secret);
    if (!reading.done) reading.end().forEach(speak);
  } catch (error) {
    if (error instanceof NotCalled) return { status, outcome: "refused", why: error.message, retry: false };
    if (!succeeded()) return { status, outcome: "lost", why: error.message, retry: true };
    reading.failure = error.message;
  }
  return { status, toolCalls: reading.toolCalls, ...verdict(reading) };
}

function refused(status, text, secret) {
  const said = message(text).replaceAll(secret, "…").replace(/\s+/g, " ").trim().slice(0, 200);
  const why = `the endpoint answered ${status}${said ? `: ${said}` : ""}`;
  // 499 is taken as the caller's own hang-up: no error, no speech.
  if (status === 499) return { status, outcome: "mute", why, retry: false };
  return { status, outcome: "lost", why, retry: status < 400 || status >= 500 || status === 408 || status === 429 };
}

/** What an error body says: OpenAI's `error.message`, else the body itself. */
function message(text) {
  try {
    const said = JSON.parse(text)?.error?.message;
    return typeof said === "string" ? said : text;
  } catch {
    return text;
  }
}
