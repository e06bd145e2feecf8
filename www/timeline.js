// The picture of a turn: when something arrived, when the words began and ended, and how near it came to the ten seconds of
// silence after which LiveAvatar's caller gives an attempt up.

import { element } from "./element.js";

const LIMIT = 10_000;
const STEPS = [1000, 2000, 5000, 10_000, 20_000];

export class Timeline {
  #svg = document.getElementById("timeline");
  #figures = document.getElementById("figures");
  /** Milliseconds since the utterance. */
  #turn = newTurn();
  #frame = 0;

  /** A new turn: the picture grows with it. */
  begin() {
    this.#turn = newTurn();
    const turn = this.#turn;
    cancelAnimationFrame(this.#frame);
    const grow = () => {
      this.#draw();
      if (turn.end === undefined) this.#frame = requestAnimationFrame(grow);
    };
    grow();
  }

  /** @param {any} event of the turn */
  take({ type, ms, attempts }) {
    const turn = this.#turn;
    if (type === "attempt") turn.attempts.push({ start: ms, arrivals: [] });
    if (type === "bytes") turn.attempts.at(-1)?.arrivals.push(ms);
    if (type === "speaking") turn.words.push(ms);
    if (type !== "outcome") return;
    turn.end = ms;
    for (const [index, attempt] of turn.attempts.entries()) attempt.end = Math.min(ms, attempt.start + (attempts[index]?.ms ?? Infinity));
    this.#draw();
  }

  /** Times in words, for a line of text. */
  get summary() {
    const { words, attempts } = this.#turn;
    const tries = `${attempts.length} attempt${attempts.length === 1 ? "" : "s"}`;
    return words.length > 0 ? `first token ${time(words[0])} · ${tries}` : tries;
  }

  #draw() {
    const turn = this.#turn;
    const now = turn.end ?? performance.now() - turn.began;
    const span = Math.max(LIMIT * 1.1, now * 1.04);
    this.#svg.replaceChildren(...picture(turn, now, span));

    const { attempts, words, end } = turn;
    const [first] = attempts.flatMap(({ arrivals }) => arrivals);
    const silence = Math.max(0, ...attempts.map((attempt) => longestSilence(attempt, attempt.end ?? now)));
    this.#figures.replaceChildren(
      figure("first byte", time(first), { swatch: "byte" }),
      figure("first token", time(words[0]), { swatch: "words", size: "large" }),
      figure("end", time(end), { swatch: "end" }),
      figure("attempts", String(attempts.length || "–")),
      figure("longest silence", time(silence), { swatch: silence >= LIMIT * 0.98 ? "over" : undefined, limit: " of 10 s" }),
    );
  }
}

const newTurn = () => ({ began: performance.now(), attempts: [], words: [], end: undefined });

function longestSilence({ start, arrivals }, end) {
  const times = [start, ...arrivals, end];
  return Math.max(...times.slice(1).map((at, index) => at - times[index]));
}

/** @param {number | undefined} ms */
function time(ms) {
  if (ms === undefined) return "–";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function figure(name, value, { swatch, size, limit } = {}) {
  const shown = element("dd", {}, value, ...(limit ? [element("small", {}, limit)] : []));
  return element("div", { class: size }, element("dt", { data: swatch ? { swatch } : {} }, name), shown);
}

function picture({ attempts, words, end }, now, span) {
  const x = (ms) => `${(100 * Math.min(ms, span)) / span}%`;
  const bar = (kind, from, to) => svg("rect", { class: kind, x: x(from), width: `${(100 * (Math.min(to, span) - from)) / span}%`, y: 14, height: 22 });
  const parts = [svg("rect", { class: "track", x: 0, y: 14, width: "100%", height: 22, rx: 5 })];
  for (const attempt of attempts) {
    const until = attempt.end ?? now;
    parts.push(bar("waiting", attempt.start, until));
    const spoken = words.filter((at) => at >= attempt.start && at <= until + 1);
    if (spoken.length > 0) {
      parts.push(bar("speaking", spoken[0], Math.max(until, spoken[0])), ticks("words", spoken, span, 14, 36));
      // However short it was, it can be seen.
      parts.push(svg("rect", { class: "speaking", x: x(spoken[0]), y: 14, width: 4, height: 22 }));
    }
    parts.push(ticks("signs", attempt.arrivals, span, 41, 46));
    const limit = attempt.start + LIMIT;
    if (limit < span) parts.push(svg("line", { class: "limit", x1: x(limit), x2: x(limit), y1: 6, y2: 50 }));
  }
  const step = STEPS.find((one) => span / one <= 7) ?? 60_000;
  for (let at = 0; at <= span - step / 4; at += step) {
    parts.push(svg("text", { class: at === LIMIT ? "scale limit" : "scale", x: x(at), y: 64, "text-anchor": at === 0 ? "start" : "middle" }, `${at / 1000} s`));
  }
  if (end !== undefined) parts.push(svg("rect", { class: "end", x: x(end), y: 8, width: 2, height: 34 }));
  return parts;
}

/** Many marks in one path, which needs coordinates of its own: they are stretched to the width. */
function ticks(kind, times, span, top, bottom) {
  const marks = times.map((at) => `M${((1000 * Math.min(at, span)) / span).toFixed(1)} ${top}V${bottom}`).join("");
  return svg("svg", { viewBox: "0 0 1000 70", preserveAspectRatio: "none", width: "100%", height: 70, class: kind }, svg("path", { d: marks || "M0 0" }));
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
