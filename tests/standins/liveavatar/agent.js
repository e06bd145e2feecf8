// The agent in the room of a FULL session: it hears the user, asks the LLM, speaks, and remembers.
//
// What it remembers, turn by turn, as livekit-agents 1.6.4 does: the user's words always; the reply if any of it was heard, a reply that
// broke off included. A turn that stayed silent leaves the user's words alone, so the next request ends in several user messages.

import { callLlm, completionsUrl } from "./caller.js";
import { isLoopback } from "./exchange.js";

/** @typedef {{ type: "attempt", attempt: number } | { type: "speaking", text: string }} Heard */

let rooms = 0;

export class Agent {
  /** @type {{ role: "user" | "assistant", content: string }[]} */
  history = [];
  failures = 0; // in a row
  #session;
  #turn = null; // the one being taken
  #finished = Promise.resolve(); // turns follow one another, however fast they are interrupted

  /**
   * @param {{ session: import("./session.js").Session, context: { prompt: string, openingText: string | null } | undefined,
   *   llm: { baseUrl: string | null, model: string, secret: string | undefined } | null }} parts
   *   context: undefined makes the avatar restricted; llm: null means LiveAvatar's managed model
   */
  constructor({ session, context, llm }) {
    this.#session = session;
    this.context = context;
    this.llm = llm;
    const number = String(++rooms).padStart(8, "0");
    this.room = { roomId: `RM_standin${number}`, jobId: `AJ_standin${number}`, agentId: `PA_standin${number}` };
  }

  get speaking() {
    return this.#turn !== null;
  }

  /** The messages a request would carry now. */
  get messages() {
    const system = this.context ? [{ role: "system", content: this.context.prompt }] : [];
    return [...system, ...this.history];
  }

  greet() {
    if (!this.context?.openingText) return;
    this.history.push({ role: "assistant", content: this.context.openingText });
    this.#session.note("avatar", this.context.openingText);
  }

  /** Newer callers look at the model list first. Whatever happens is swallowed, and it is no turn. */
  prewarm() {
    if (!this.llm?.secret) return;
    const url = completionsUrl(this.llm.baseUrl).replace(/chat\/completions$/, "models");
    if (!URL.canParse(url) || !(this.#session.service.allowRemote || isLoopback(new URL(url).hostname))) return;
    fetch(url, { headers: { authorization: `Bearer ${this.llm.secret}` }, signal: AbortSignal.timeout(10_000) })
      .then((response) => response.body?.cancel())
      .catch(() => {});
  }

  /**
   * One utterance of the user. Whatever the agent was doing is interrupted.
   * @param {string} text
   * @param {(heard: Heard) => void} [listen]
   * @param {() => void} [arrived] something came from the LLM, be it a sign of life
   * @returns {Promise<import("./caller.js").Outcome>}
   */
  async say(text, listen = () => {}, arrived = () => {}) {
    this.interrupt();
    const turn = new AbortController();
    const take = () => this.#take(turn, text, listen, arrived);
    this.#turn = turn;
    this.#finished = this.#finished.then(take, take);
    try {
      return await this.#finished;
    } finally {
      if (this.#turn === turn) this.#turn = null;
    }
  }

  async #take(turn, text, listen, arrived) {
    const session = this.#session;
    const { options } = session.service;
    session.touch();
    if (text) session.note("user", text);
    this.history.push({ role: "user", content: text });

    if (turn.signal.aborted) return { ...silent("the turn was interrupted"), outcome: "interrupted" };
    if (!session.live) return silent(`the session has ended: ${session.endReason}`);
    if (!session.ready) return silent("the avatar never joined the room: the sandbox avatar needs is_sandbox: true");
    if (!this.context && options.restrictedMode) return silent("restricted mode: the session has no context_id, so the avatar answers nothing and no error is raised");
    if (options.agentClosesAfter !== null && this.failures > options.agentClosesAfter) return silent(`the agent closed itself after ${this.failures} failed turns in a row; only a new session helps`);
    if (!this.llm) return this.#speakManaged(listen);
    if (this.llm.secret === undefined) return silent("the secret of the LLM configuration was deleted");
    return this.#ask(turn, text, listen, arrived);
  }

  async #ask(turn, text, listen, arrived) {
    const session = this.#session;
    const { service } = session;
    const { readTimeoutMs, retryWaitsMs, temperature } = service.options;
    const record = { session_id: session.id, text, url: completionsUrl(this.llm.baseUrl), messages: this.messages, outcome: null };
    service.turns.push(record);

    const outcome = await callLlm({
      ...this.llm,
      messages: record.messages,
      room: this.room,
      settings: { readTimeoutMs, retryWaitsMs, temperature, allowRemote: service.allowRemote },
      signal: turn.signal,
      onAttempt: (attempt) => listen({ type: "attempt", attempt }),
      onText: (piece) => listen({ type: "speaking", text: piece }),
      onBytes: arrived,
    });
    record.outcome = outcome;
    session.touch();

    const interrupted = outcome.outcome === "interrupted";
    if (outcome.heard && (!interrupted || service.options.interruptedReply === "heard")) this.#remember(outcome.heard);
    if (outcome.outcome === "spoken" || outcome.heard) this.failures = 0;
    if (outcome.outcome === "lost" || outcome.outcome === "cut") this.failures++;
    return outcome;
  }

  // The symptom of a configuration that never reached the session: an answer, but not from one's own LLM.
  #speakManaged(listen) {
    const text = "I am the stand-in for LiveAvatar's own model. This session has no LLM configuration, so nobody else was asked.";
    listen({ type: "speaking", text });
    this.#remember(text);
    return { ...silent(""), outcome: "spoken", heard: text, firstTextMs: 0 };
  }

  #remember(text) {
    this.history.push({ role: "assistant", content: text });
    this.#session.note("avatar", text);
  }

  /** Barge-in: the request in flight is cancelled. @returns {boolean} whether there was one */
  interrupt() {
    const turn = this.#turn;
    this.#turn = null;
    turn?.abort();
    return turn !== null;
  }
}

const silent = (why) => ({ outcome: "mute", heard: "", why, attempts: [], firstTextMs: null, totalMs: 0, toolCalls: [] });
