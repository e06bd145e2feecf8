// The program that calls a LiveAvatar custom LLM, for tests: LiveKit Agents (Python) with its OpenAI plugin, in two versions.
//
//   const caller = await startCaller("observed");    "observed": what LiveAvatar's requests announced; "newest": the newest on PyPI
//   const turn = await caller.ask({ baseUrl, apiKey, model: "hello", messages: [{ role: "user", content: "Hi" }] });
//   turn.heard                                       "Hello world": what goes on to be spoken
//   await caller.close()
//
// One caller serves any number of turns, at the same time too. It makes its Python environment when there is none.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { environment } from "./environment.js";

const PROGRAM = fileURLToPath(new URL("caller.py", import.meta.url));
const START_MS = 120_000;
const CLOSE_MS = 5_000;
const STDERR_KEPT = 16_384;

/** A proxy would take loopback requests elsewhere; the others change what the libraries send. */
const DISTURBING = /^(.*_proxy|openai_.*|azure_.*|livekit_.*|lk_.*|otel_.*|python.*)$/i;

/**
 * @typedef {{ role: "system" | "developer" | "user" | "assistant", content: string }} Message
 * @typedef {{ baseUrl: string, apiKey: string, model: string, room?: string }} Endpoint
 *   `room` is what x-livekit-room-id says; turns with the same four share connections, as those of one session do
 * @typedef {Endpoint & { messages: Message[], interruptAfterMs?: number, interruptAfterChars?: number, signal?: AbortSignal,
 *   filters?: boolean, onText?: (text: string, ms: number) => void }} Question
 *   an interruption hangs up as the agent does when the user speaks; `filters` asks for `filtered`
 * @typedef {{ class: string, message: string, status?: number }} Cause
 * @typedef {{
 *   heard: string, deltas: { text: string, ms: number }[], firstTextMs: number | null, totalMs: number,
 *   error: (Cause & { causes: Cause[] }) | null, interrupted: boolean, attempts: number,
 *   toolCalls: { name: string, arguments: string }[], usage: object | null, filtered?: string }} Turn
 *   times are from the moment of asking; `attempts` is how often the libraries called, redirections not counted;
 *   `filtered` is `heard` after the text filters that a session applies by default before it speaks
 * @typedef {{ python: string, packages: Record<string, string>, filters: string[] }} Versions
 */

/**
 * @param {"observed" | "newest"} version
 * @returns {Promise<{ versions: Versions, ask: (question: Question) => Promise<Turn>, prewarm: (endpoint: Endpoint) => Promise<{ sent: boolean }>, close: () => Promise<void> }>}
 *   `prewarm` does what a session's beginning does; `sent` says whether this version sends anything then
 */
export async function startCaller(version) {
  const python = await environment(version);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !DISTURBING.test(name)));
  // Isolated: nothing but the environment's own packages. When this process ends, however it does, so does the program's input, and with it the program.
  const child = spawn(python, ["-I", PROGRAM], { env, stdio: ["pipe", "pipe", "pipe"], windowsHide: true });

  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void, deltas: { text: string, ms: number }[], onText?: (text: string, ms: number) => void }>} */
  const open = new Map();
  const keys = new Set();
  let serial = 0;
  let stderr = "";
  /** @type {Error | undefined} */
  let ended;

  const hidden = (text) => [...keys].reduce((shown, key) => shown.replaceAll(key, "***"), text);
  const exited = new Promise((resolve) => {
    const end = (why) => {
      ended ??= new Error(`The caller (${version}) ${why}.${stderr ? `\n${hidden(stderr).trimEnd()}` : ""}`);
      for (const { reject } of open.values()) reject(ended);
      open.clear();
      resolve(undefined);
    };
    child.once("error", (error) => end(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => end(`ended with ${signal ?? `status ${code}`}`));
  });
  // Writing to a program that has just ended is told by its end.
  child.stdin.on("error", () => {});
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr = (stderr + text).slice(-STDERR_KEPT)));

  const versions = new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`The caller (${version}) was not ready after ${START_MS / 1000} s.${stderr && `\n${stderr}`}`));
      child.kill("SIGKILL");
    }, START_MS);
    exited.then(() => reject(ended));
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => {
      const { id, ready, text, ms, result, failed } = JSON.parse(line);
      if (ready) {
        clearTimeout(late);
        return resolve(ready);
      }
      const turn = open.get(id);
      if (!turn) return;
      if (text !== undefined) {
        turn.deltas.push({ text, ms });
        return turn.onText?.(text, ms);
      }
      open.delete(id);
      if (failed !== undefined) turn.reject(new TypeError(`The caller (${version}) could not ask: ${failed}`));
      else turn.resolve(result);
    });
    exited.finally(() => clearTimeout(late));
  });

  async function send(kind, content, onText) {
    if (ended) throw ended;
    keys.add(content.apiKey);
    const id = ++serial;
    /** @type {{ text: string, ms: number }[]} */
    const deltas = [];
    const answer = new Promise((resolve, reject) => open.set(id, { resolve, reject, deltas, onText }));
    child.stdin.write(`${JSON.stringify({ id, [kind]: content })}\n`);
    return { id, deltas, answer };
  }

  async function ask({ onText, signal, ...question }) {
    signal?.throwIfAborted();
    const { id, deltas, answer } = await send("ask", question, onText);
    const interrupt = () => child.stdin.write(`${JSON.stringify({ id, interrupt: true })}\n`);
    signal?.addEventListener("abort", interrupt, { once: true });
    try {
      const result = await answer;
      return { heard: deltas.map(({ text }) => text).join(""), deltas, firstTextMs: deltas[0]?.ms ?? null, ...result };
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }

  async function prewarm(endpoint) {
    return (await send("prewarm", endpoint)).answer;
  }

  async function close() {
    child.stdin.end();
    const late = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
    await exited;
    clearTimeout(late);
  }

  return { versions: await versions, ask, prewarm, close };
}
