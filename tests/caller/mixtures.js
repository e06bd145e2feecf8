// Answers in which several faults meet, made from a seed: framing, fields, tools, speech, usage, timing, and several attempts.
//
//   for (const { name, answers } of mixtures(seed, 300)) …      faults like those of faults.js, with `about` and `said` left empty
//
// Nothing here knows what the caller makes of them: it is asked, and so is the judge.

import { FAULTS } from "./faults.js";
import { answer, bytes, DONE, USAGE, wait } from "./faults/build.js";

/** Numbers from a seed, the same everywhere. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  const percent = (chance) => next() * 100 < chance;
  const pick = (list) => list[below(list.length)];
  const times = (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make);
  return { below, percent, pick, times };
}

/** JSON as it stands: what `JSON.stringify` would not write. */
const raw = (text) => ({ raw: text });
const RAW = /\{"raw":"((?:[^"\\]|\\.)*)"\}/g;
const stringify = (value) => JSON.stringify(value).replace(RAW, (_, text) => JSON.parse(`"${text}"`));

const TEXTS = ["Hello", " world", "", "", " ", "\n", "Grüße, 世界 👋🏽", "<think>", "</think>", "<th", "ink>", "</thi", "nk>", "hm</think>So", "A<think>b", "<think>a</think>b<think>c", "<", "</", "<<think>", "a\u2028b\u0085c", "\u0000", "*bold*", "x".repeat(400)];
const NUMBERS = [0, 1, -1, 2, 1.5, raw("1.0"), raw("-0"), raw("-0.0"), raw("0.0"), raw("1e2"), raw("15e-1"), raw("1e400"), raw("-1e400"), raw("1e-400"), raw("9.0e18"), raw("1e19"), raw("99999999999999999999"), raw("NaN"), raw("Infinity"), raw("-Infinity")];
const STRINGS = ["", "x", "0", "1", " 7 ", "+1", "-2", "1_0", "1__0", "1.0", "1.", "1.5", "007", "1e3", "０", "stop", "tool_calls", "function", "length", "c-1"];
const BAD_JSON = ["{", "}", "[1,]", '{"id":"c-1",}', "ping", "{'id':1}", '{"id":"c-1"}{"id":"c-1"}', "nul", "1 2", "01", "+1", '"\t"', '"\\x"', "-NaN", "// no", `${"1".repeat(4301)}`, "\u00a0{}", "", " "];
const VALUES = ["null", "true", "1", '"hello"', "[]", "{}", "[{}]", "NaN", "1".repeat(4300), '{"choices":[]}', '{"choices":[],"error":0}', '{"error":{}}', '{"error":{"message":1}}', '{"choices":[],"usage":null}'];
const LINES = [": hb", ":", "id: 1", "id:", "id: 1\0", "id", "retry: 3000", "retry: soon", "retry: +1_0", "retry:", "retry: 1.0", "event: ping", "event:", "event: message", "event: thread.run", "event: error", "data", "data:", "data: ", "time: 12", "ping", " data: x", "Data: x", "error: no"];
const DONES = ["[DONE]", "[DONE] bye", " [DONE]", "[done]", '"[DONE]"'];
const ENDS = ["\n", "\r\n", "\r"];

/** A few hundred kinds of events as one fault or another has them, in one byte string each. */
const PIECES = FAULTS.filter(({ group }) => group !== "timing" && group !== "http")
  .flatMap(({ answers }) => answers)
  .filter(({ encoding, delimiter, headers }) => !encoding && !delimiter && !("content-encoding" in headers))
  .flatMap(({ steps }) => steps.filter((step) => typeof step === "string"))
  .flatMap((text) => text.split(/(?<=\n\n|\r\r|\r\n\r\n)/))
  .filter((text) => text.length < 2000);

/**
 * @param {number} seed
 * @param {number} count
 * @param {{ silent?: boolean }} [options] `silent`: some are silent for longer than the caller waits
 * @returns {(import("./faults/build.js").Fault & { group: string })[]}
 */
export function mixtures(seed, count, { silent = false } = {}) {
  return Array.from({ length: count }, (_, index) => {
    const { percent, pick, below, times } = random(seed * 1_000_003 + index);
    // A name is a path of the server's.
    return { group: "mixture", name: `mixture-${seed}-${index}`, about: "", said: "", answers: percent(70) ? [reply()] : times(2, 4, reply) };

    function reply() {
      if (percent(8)) return refusal();
      const ending = percent(80) ? "\n" : pick(ENDS);
      let body = times(1, 6, () => part(ending)).join("");
      if (percent(60)) body += percent(90) ? DONE.replaceAll("\n", ending) : `data: ${pick(DONES)}${ending}${percent(50) ? ending : ""}`;
      if (percent(15)) body = body.slice(0, -below(Math.min(body.length, 40)) || undefined);
      if (percent(4)) body = `\uFEFF${body}`;
      let steps = cut(Buffer.from(body));
      if (percent(3)) steps.splice(below(steps.length + 1), 0, bytes(pick([": ", "data: ", "", "x\n"]), [pick([0xff, 0xe9, 0xc0, 0xed])], pick(["\n\n", "\n", ""])));
      if (silent && percent(6)) steps.splice(below(steps.length + 1), 0, wait(pick([6000, 12000])));
      if (percent(4)) return answer(steps, { encoding: "gzip", headers: { "content-type": "text/event-stream", "content-encoding": "gzip" }, steps: [body] });
      const end = percent(88) ? "end" : silent && percent(30) ? "hold" : "cut";
      return answer(end === "cut" ? [...steps, wait(40)] : steps, { end, status: percent(95) ? 200 : pick([201, 203, 206]) });
    }

    function refusal() {
      const status = pick([300, 400, 401, 404, 408, 409, 422, 429, 499, 500, 503, 529]);
      const body = JSON.stringify({ error: { message: "no" } });
      const more = { status, headers: { "content-type": "application/json" } };
      return percent(85) ? answer(body, more) : answer([body, wait(40)], { ...more, end: "cut" });
    }

    /** Some bytes that often are one event. */
    function part(ending) {
      const chance = below(100);
      if (chance < 30) return event(chunk(), ending);
      if (chance < 45) return event(stringify(spoilt(chunkOf(delta()))), ending);
      if (chance < 60) return event(stringify(chunkOf({ ...(percent(40) && { content: pick(TEXTS) }), tool_calls: percent(90) ? times(1, 3, call) : odd() }, finish())), ending);
      if (chance < 70) return event(stringify({ ...chunkOf(delta()), ...(percent(60) && { choices: [] }), usage: usage(), ...(percent(10) && { service_tier: odd() }) }), ending);
      if (chance < 76) return percent(70) ? pick(LINES) + ending + (percent(70) ? ending : "") : times(1, 3, () => pick(LINES)).join(ending) + ending + (percent(70) ? pick(ENDS) : "");
      if (chance < 78) return event(pick(VALUES), ending);
      if (chance < 80) return event(pick(BAD_JSON), ending);
      if (chance < 82) return event(stringify(chunkOf({ content: percent(50) ? times(0, 3, () => pick([{ type: "text", text: pick(TEXTS) }, pick(TEXTS), odd()])) : odd() }, finish())), ending);
      if (chance < 84) return pick(ENDS);
      return pick(PIECES);
    }

    function event(data, ending) {
      const name = percent(3) ? pick(LINES) + ending : "";
      const colon = percent(90) ? "data: " : pick(["data:", "data:  ", "data:\t"]);
      const lines = percent(4) ? data.replace(/,"/, `,${ending}data:"`) : data;
      const last = percent(93) ? ending + ending : pick([ending, "", "\n\r\n", "\r\n\n", "\r\r\n", "\n\r", "\r\r", "\n\n"]);
      return `${name}${colon}${lines}${last}`;
    }

    function chunk() {
      const made = chunkOf(delta(), finish());
      return stringify(percent(12) ? spoilt(made) : made);
    }

    function chunkOf(inner, more) {
      const choice = { index: 0, delta: inner, finish_reason: null, ...more };
      const choices = percent(92) ? [choice] : times(0, 3, () => ({ ...choice, index: below(3) }));
      return { id: "c-1", object: "chat.completion.chunk", created: 1, model: "m", choices };
    }

    function delta() {
      if (percent(12)) return percent(50) ? {} : { role: "assistant", content: "" };
      return { content: pick(TEXTS), ...(percent(5) && { extra_content: percent(50) ? { google: {} } : odd() }), ...(percent(5) && { reasoning_content: "hm" }), ...(percent(4) && { refusal: "no" }) };
    }

    function finish() {
      return percent(70) ? {} : { finish_reason: percent(70) ? pick(["stop", "tool_calls", "length", ""]) : odd() };
    }

    function call() {
      const made = { index: below(3), id: pick(["call_1", "call_2", "", null]), type: "function", function: { name: pick(["weather", "weather", "", null]), arguments: pick(["{}", '{"a":', "1}", ""]) } };
      if (percent(15)) made.extra_content = percent(50) ? { google: {} } : odd();
      if (percent(20)) spoil(made);
      if (percent(10) && made.function && typeof made.function === "object") spoil(made.function);
      return percent(97) ? made : odd();
    }

    function usage() {
      const made = { ...USAGE };
      if (percent(30)) made.prompt_tokens_details = percent(70) ? { cached_tokens: percent(50) ? 0 : odd(), ...(percent(30) && { cache_write_tokens: odd() }) } : odd();
      if (percent(20)) made.completion_tokens_details = percent(70) ? { reasoning_tokens: percent(50) ? 0 : odd() } : odd();
      if (percent(45)) spoil(made);
      return percent(92) ? made : odd();
    }

    /** One member, here or further inside, is taken away or gets a value of any kind. */
    function spoilt(made) {
      let target = made;
      while (percent(75)) {
        const inside = Object.values(target).filter((value) => typeof value === "object" && value !== null && !("raw" in value));
        if (inside.length === 0) break;
        target = pick(inside);
      }
      spoil(target);
      return made;
    }

    function spoil(target) {
      const names = Object.keys(target);
      if (percent(4)) target[pick(["_fields_set", "_BaseModel__cls", "error", "usage", "delta", "content", "extra_content", "tool_calls"])] = odd();
      else if (names.length > 0 && percent(30) && !Array.isArray(target)) delete target[pick(names)];
      else if (names.length > 0) target[pick(names)] = odd();
    }

    function odd(depth = 0) {
      const chance = below(100);
      if (chance < 18) return null;
      if (chance < 28) return percent(50);
      if (chance < 50) return pick(NUMBERS);
      if (chance < 74) return pick(STRINGS);
      if (chance < 80) return [];
      if (chance < 86) return {};
      if (depth > 1) return pick(TEXTS);
      return chance < 93 ? times(1, 2, () => odd(depth + 1)) : { [pick(["a", "text", "content", "_fields_set"])]: odd(depth + 1) };
    }

    /** The bytes in pieces, cut anywhere. */
    function cut(body) {
      if (body.length === 0) return [];
      if (percent(50)) return [bytes(body)];
      const places = [...new Set([0, ...times(1, 5, () => below(body.length)), body.length])].sort((one, other) => one - other);
      return places.slice(1).map((to, at) => bytes(body.subarray(places[at], to)));
    }
  });
}

