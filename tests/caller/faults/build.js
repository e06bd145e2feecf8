// What faults are made of: the chunks of an ordinary reply, and ways to spoil it.

/** What every reply means to say unless it says otherwise. */
export const SAID = "Hello world";

const SSE = { "content-type": "text/event-stream; charset=utf-8" };

/**
 * @typedef {string | { base64: string } | { wait: number }} Step   bytes of one write, or milliseconds of silence
 * @typedef {{ status: number, headers: Record<string, string>, delay?: number, encoding?: "gzip" | "deflate", delimiter?: "close" | "raw",
 *   chop?: number, steps: Step[], end: "end" | "cut" | "hold" }} Answer
 *   `delay`: silence before the head. `encoding`: how the body is compressed, as the headers say too.
 *   `delimiter`: "close": the end of the connection ends the body; "raw": the steps are put on the connection in place of an HTTP answer.
 *   `chop`: the bytes go out in pieces of this size. `end`: "cut" drops the connection, "hold" leaves it open.
 * @typedef {{ name: string, about: string, said: string, paced?: boolean, answers: Answer[] }} Fault
 *   `said` is what should be spoken. The first answer is for the first attempt, and so on; the last is for all that follow.
 *   `paced`: there is room between the words, so it shows whether the first is heard before the second is sent
 */

/** A chunk as OpenAI sends it; `more` goes over it. */
export const chunk = (delta, more = {}) => ({
  id: "c-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: null }],
  ...more,
});

/** A chunk whose choice has `more`. */
export const choice = (delta, more, outer) => chunk(delta, { choices: [{ index: 0, delta, finish_reason: null, ...more }], ...outer });

export const USAGE = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
export const ROLE = chunk({ role: "assistant", content: "" });
export const HELLO = chunk({ content: "Hello" });
export const WORLD = chunk({ content: " world" });
export const STOP = choice({}, { finish_reason: "stop" });

/** An event; a string is the data as it stands. */
export const event = (data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
export const events = (...data) => data.map(event).join("");
export const DONE = event("[DONE]");

/** The ordinary reply, each of its four chunks (role, Hello, world, stop) changed by `change`. */
export const each = (change) => [ROLE, HELLO, WORLD, STOP].map((whole, at) => event(change(structuredClone(whole), at))).join("") + DONE;
export const ORDINARY = each((whole) => whole);

/** The ordinary reply with `bytes` before anything else, or between its two words. */
export const first = (bytes) => bytes + ORDINARY;
export const mid = (bytes) => events(ROLE, HELLO) + bytes + events(WORLD, STOP) + DONE;

export const bytes = (...parts) => ({ base64: Buffer.concat(parts.map((part) => Buffer.from(part))).toString("base64") });
export const wait = (ms) => ({ wait: ms });

/** An answer with status 200 and an event stream, unless `more` says otherwise. @returns {Answer} */
export const answer = (steps, more = {}) => ({ status: 200, headers: SSE, steps: [steps].flat(), end: "end", ...more });

/** A fault of one answer. @returns {Fault} */
export const fault = (name, about, steps, { said = SAID, paced, ...more } = {}) => ({ name, about, said, ...(paced && { paced }), answers: [answer(steps, more)] });

/** The same bytes before anything else and between the words: two faults. */
export const both = (name, about, text) => [fault(`${name}-first`, `${about}, before any text`, first(text)), fault(`${name}-mid`, `${about}, between the words`, mid(text))];
