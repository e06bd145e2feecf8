// The conversation: what the user says, what the avatar would say of it, and how each turn went.

import { element, prose } from "./element.js";
import { interrupt, say } from "./server.js";
import { failure } from "./step.js";
import { Timeline } from "./timeline.js";

/** How a turn was for LiveAvatar's caller, and so for whoever listens. */
const OUTCOMES = {
  spoken: "Heard to the end.",
  cut: "It broke off.",
  lost: "Lost: the avatar says nothing, and nobody is told.",
  mute: "Mute: the request succeeded, the avatar says nothing, and nobody is told.",
  interrupted: "Interrupted.",
  refused: "Not asked.",
};

/** How it was for the endpoint. */
const REPORTS = {
  spoken: "the LLM's answer was said, whole.",
  cut: "what had come was said and ended as an ordinary turn; the rest of the answer never came.",
  refused: "the model refused, and that was said.",
  failed: "the LLM gave nothing that can be said, so a line of its own was said instead.",
  empty: "the user had said nothing, so the LLM was not asked.",
  interrupted: "the caller hung up, and the request to the LLM was ended at once.",
};

export class Talk {
  #log = document.getElementById("conversation");
  #input = document.getElementById("utterance");
  #interrupt = document.getElementById("interrupt");
  #figure = document.getElementById("turn");
  #verdict = document.getElementById("verdict");
  #path = document.getElementById("path");
  #status = document.getElementById("status");
  #timeline = new Timeline();
  #session;
  /** The latest turn; earlier ones may still be ending. */
  #turn = 0;

  constructor() {
    document.getElementById("say").addEventListener("submit", (event) => {
      event.preventDefault();
      this.say();
    });
    this.#interrupt.addEventListener("click", () => this.interrupt());
    document.getElementById("talk").addEventListener("keydown", ({ key }) => key === "Escape" && !this.#interrupt.disabled && this.interrupt());
  }

  /** The running session, to be stopped when another takes its place. */
  get session() {
    return this.#session;
  }

  /** A session was started: the talk is about it from now on. `about` says what is special about it. */
  open({ session_id, greeting, unheard }, about) {
    this.#session = session_id;
    this.#forgetUnused();
    this.#add(element("p", { class: "divider" }, `New session${about && `: ${about}`}`));
    if (greeting) this.#add(bubble("avatar", greeting));
    if (unheard) this.#add(failure(unheard));
    for (const control of document.getElementById("say").elements) if (control !== this.#interrupt) control.disabled = false;
  }

  /** Says what stands in the field. Resolves when the turn is over. */
  async say() {
    const text = this.#input.value.trim();
    if (!text || !this.#session) return;
    if (document.activeElement === this.#input) this.#input.select();
    const turn = ++this.#turn;
    const isLatest = () => turn === this.#turn;
    const said = bubble("avatar", "");
    const words = said.querySelector(".words");
    said.dataset.state = "waiting";
    this.#add(bubble("user", text), said);
    this.#begin();

    let outcome;
    try {
      for await (const event of say(this.#session, text)) {
        if (isLatest()) this.#timeline.take(event);
        if (event.type === "speaking") {
          said.dataset.state = "speaking";
          words.append(element("span", {}, event.text));
          this.#reveal();
        }
        if (event.type === "outcome") {
          outcome = event;
          this.#end(said, outcome, isLatest());
        }
        if (event.type === "report" && isLatest()) this.#report(event);
        if (event.type === "error") throw event;
      }
    } catch (error) {
      this.#fail(said, error, isLatest());
    }
  }

  /** Barge-in: the user speaks, and the avatar falls silent. */
  async interrupt() {
    if (this.#session) await interrupt(this.#session);
  }

  /** Takes away what nobody spoke under: the invitation, and a session that another took the place of. */
  #forgetUnused() {
    const lines = [...this.#log.children];
    const begun = lines.findLastIndex((line) => line.matches(".divider, .empty"));
    const last = lines.slice(Math.max(begun, 0));
    if (!last.some((line) => line.matches(".user"))) for (const line of last) line.remove();
  }

  #begin() {
    this.#figure.hidden = false;
    this.#verdict.replaceChildren();
    this.#interrupt.disabled = false;
    this.#path.dataset.state = "asking";
    this.#timeline.begin();
  }

  #end(said, { outcome, heard, why }, isLatest) {
    said.dataset.state = outcome;
    if (!heard) said.querySelector(".words").append(element("i", {}, "silence"));
    if (!isLatest) return;
    said.append(element("p", { class: "hint" }, `${this.#timeline.summary} · ${outcome}`));
    const reason = outcome !== "interrupted" && why ? ` Why: ${why.replace(/\.$/, "")}.` : "";
    this.#verdict.prepend(element("p", {}, element("b", {}, "LiveAvatar's caller: "), `${OUTCOMES[outcome] ?? outcome}${reason}`));
    this.#rest();
    this.#status.textContent = heard ? `The avatar says: ${heard}` : `The avatar says nothing. ${OUTCOMES[outcome] ?? ""}`;
  }

  #report({ outcome, error }) {
    const line = element("p", {}, element("b", {}, "The endpoint reports: "), element("code", {}, outcome), `, ${REPORTS[outcome] ?? ""}`);
    this.#verdict.append(line);
    if (error) this.#verdict.append(element("p", { class: "hint" }, `${error.name} `, element("code", {}, error.code), " ", prose(error.message)));
  }

  #fail(said, { name = "Error", message }, isLatest) {
    said.replaceWith(failure({ name, message }));
    if (!isLatest) return;
    this.#figure.hidden = true;
    this.#rest();
    this.#timeline.take({ type: "outcome", ms: 0, attempts: [] });
    this.#status.textContent = message;
  }

  #rest() {
    this.#interrupt.disabled = true;
    delete this.#path.dataset.state;
    this.#reveal();
  }

  #add(...lines) {
    this.#log.append(...lines);
    this.#reveal();
  }

  #reveal() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}

function bubble(who, text) {
  const name = who === "user" ? "The user" : "The avatar";
  const words = element("p", { class: "words", dir: "auto" });
  if (text) words.append(text);
  return element("div", { class: `bubble ${who}` }, element("p", { class: "unseen" }, `${name} says`), words);
}
