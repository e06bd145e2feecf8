// What LiveAvatar's caller makes of a stream: which text it hears, and where it gives up.
//
// A model of livekit-agents 1.6.4 on openai-python 2.44.0, whose parser is neither strict nor forgiving in the usual places:
// it believes any event, checks no schema, and then trips over the one member it needs. Observed behaviour, rule by rule.
//
// This file is a seam. The rest of the stand-in knows two things of it:
//
//   const reading = new Reading();          one attempt at one answer (status 200)
//   reading.feed(bytes)                     → texts that these bytes send to speech
//   reading.end()                           → the same for the end of the body
//   reading.done                            true after [DONE], a failure or the end: read no further
//   reading.failure                         undefined, or why the caller gave up
//   reading.emitted                         something was handed on; from here no retry
//   reading.heard, reading.toolCalls        so far
//
//   judge(reads, { readTimeoutMs })         the same offline: reads are bytes, or { at: <ms>, bytes }, the last may be { at, end }
//                                           → { outcome: "spoken" | "cut" | "lost" | "mute", heard, why, retry }

/** What the caller waits for the next byte, whatever the byte is. */
export const READ_TIMEOUT_MS = 10_000;

export class Reading {
  heard = "";
  emitted = false;
  done = false;
  /** @type {string | undefined} */
  failure = undefined;
  toolCalls = [];

  #block = ""; // bytes since the last blank line, one character each
  #event = { name: "", data: [], retry: false };
  #lastId = "";
  #thinking = false;
  #tool = null; // the tool call being put together
  #texts = [];

  /**
   * @param {Uint8Array | string} bytes
   * @returns {string[]}
   */
  feed(bytes) {
    const text = typeof bytes === "string" ? Buffer.from(bytes).toString("latin1") : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    for (const line of text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []) {
      this.#block += line;
      // Lines wait for a blank line of their own kind of ending: a block is decoded whole or, at the end, as it stands.
      if (/(?:\r\r|\n\n|\r\n\r\n)$/.test(this.#block)) this.#readBlock();
    }
    return this.#said();
  }

  /** @returns {string[]} */
  end() {
    this.#readBlock();
    this.done = true;
    return this.#said();
  }

  #said() {
    return this.#texts.splice(0);
  }

  #readBlock() {
    const lines = this.#block.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
    this.#block = "";
    try {
      for (const line of lines) {
        if (this.done) return;
        this.#readLine(line.replace(/[\r\n]+$/, ""));
      }
    } catch (failure) {
      if (!(failure instanceof Tripped)) throw failure;
      this.failure = failure.message;
      this.done = true;
    }
  }

  #readLine(latin1) {
    let line;
    try {
      // A byte-order mark is not removed: it becomes part of the first field's name, and that field is not known.
      line = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, "latin1"));
    } catch {
      throw new Tripped("invalid UTF-8");
    }
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#event.data.push(value);
    else if (field === "event") this.#event.name = value;
    else if (field === "id") this.#lastId = value.includes("\0") ? this.#lastId : value;
    else if (field === "retry") this.#event.retry ||= /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(value);
  }

  #dispatch() {
    const { name, data, retry } = this.#event;
    // The last id lives on, so after `id: 1` every further blank line is an event, one without data too.
    if (!name && data.length === 0 && !this.#lastId && !retry) return;
    this.#event = { name: "", data: [], retry: false };
    const text = data.join("\n");
    if (text.startsWith("[DONE]")) {
      this.done = true;
      return;
    }
    let value;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Tripped(text === "" ? "an event without data" : "data that is not JSON");
    }
    if (name.startsWith("thread.")) throw new Tripped(`an event named ${name}`);
    this.#readChunk(value);
  }

  #readChunk(chunk) {
    if (!isObject(chunk)) throw new Tripped("data that is not a JSON object");
    if (truthy(chunk.error)) throw new Tripped("an error in the stream");
    for (const choice of iterate(chunk.choices, "choices")) this.#readChoice(chunk.id, choice);
    if (chunk.usage !== undefined && chunk.usage !== null) this.#readUsage(chunk);
  }

  #readChoice(id, choice) {
    if (!isObject(choice)) throw new Tripped("a choice that is not an object");
    const { delta } = choice;
    if (delta === undefined || delta === null) return;
    if (!isObject(delta)) throw new Tripped("a delta that is not an object");

    if (truthy(delta.tool_calls)) {
      for (const part of iterate(delta.tool_calls, "tool_calls")) {
        const finished = this.#readToolPart(part);
        if (finished) return this.#emit(id, delta.content, finished);
      }
    }
    if (["tool_calls", "stop"].includes(choice.finish_reason) && this.#tool && truthy(this.#tool.id)) {
      const finished = this.#tool;
      this.#tool = null;
      checkExtra(delta);
      return this.#emit(id, delta.content, finished);
    }

    const content = this.#withoutThinking(delta.content);
    if (!content && !truthy(delta.extra_content)) return;
    checkExtra(delta);
    this.#emit(id, content);
  }

  /** @returns {object | null} the call before this one, when a new one begins */
  #readToolPart(part) {
    if (!isObject(part)) throw new Tripped("a tool call that is not an object");
    if (!isObject(part.function)) {
      if (!truthy(part.function)) return null;
      throw new Tripped("a tool call's function that is not an object");
    }
    const { name, arguments: args } = part.function;
    let finished = null;
    if (this.#tool && truthy(this.#tool.id) && truthy(part.id) && part.index !== this.#tool.index) {
      finished = this.#tool;
      this.#tool = null;
    }
    if (truthy(name)) this.#tool = { id: part.id, index: part.index, name, args: truthy(args) ? args : "" };
    else if (truthy(args)) {
      if (typeof this.#tool?.args !== "string" || typeof args !== "string") throw new Tripped("arguments of a tool call that has no name");
      this.#tool.args += args;
    }
    return finished;
  }

  // Only a tag that lies whole in one delta is seen, and what stands before it in that delta is lost.
  #withoutThinking(content) {
    if (content === undefined || content === null) return null;
    if (typeof content !== "string") throw new Tripped("content that is not a text");
    const tag = this.#thinking ? "</think>" : "<think>";
    const at = content.indexOf(tag);
    if (at < 0) return this.#thinking ? null : content;
    this.#thinking = !this.#thinking;
    return content.slice(at + tag.length);
  }

  #emit(id, content, tool) {
    if (typeof id !== "string") throw new Tripped(id === undefined || id === null ? "a chunk without an id" : "a chunk id that is not a text");
    if (content !== undefined && content !== null && typeof content !== "string") throw new Tripped("content that is not a text");
    if (tool) {
      for (const member of ["name", "args", "id"]) if (typeof tool[member] !== "string") throw new Tripped(`a tool call whose ${member} is not a text`);
      this.toolCalls.push({ id: tool.id, name: tool.name, arguments: tool.args });
    }
    this.emitted = true;
    if (!content) return;
    this.heard += content;
    this.#texts.push(content);
  }

  #readUsage({ id, usage, service_tier }) {
    this.emitted = true; // before the usage is looked at, so a bad one is never asked again
    if (!isObject(usage)) throw new Tripped("usage that is not an object");
    const details = usage.prompt_tokens_details;
    if (truthy(details) && !isObject(details)) throw new Tripped("prompt_tokens_details that are not an object");
    const cached = isObject(details) && truthy(details.cached_tokens) ? details.cached_tokens : 0;
    for (const count of [usage.completion_tokens, usage.prompt_tokens, usage.total_tokens, cached]) {
      if (!countable(count)) throw new Tripped("usage with a member that is missing, null or no whole number");
    }
    if (typeof id !== "string") throw new Tripped("a usage chunk without an id");
    if (service_tier !== undefined && service_tier !== null && typeof service_tier !== "string") throw new Tripped("a service_tier that is not a text");
  }
}

/**
 * @param {Array<Uint8Array | string | { at: number, bytes?: Uint8Array | string, end?: boolean }>} reads
 * @param {{ readTimeoutMs?: number }} [options]
 * @returns {{ outcome: "spoken" | "cut" | "lost" | "mute", heard: string, why: string, retry: boolean }}
 */
export function judge(reads, { readTimeoutMs = READ_TIMEOUT_MS } = {}) {
  const reading = new Reading();
  let last = 0;
  for (const read of reads) {
    const { at = last, bytes } = typeof read === "string" || read instanceof Uint8Array ? { bytes: read } : read;
    if (at - last > readTimeoutMs) {
      reading.failure = silence(readTimeoutMs);
      break;
    }
    last = at;
    if (bytes !== undefined) reading.feed(bytes);
    if (reading.done) break;
  }
  if (!reading.done && !reading.failure) reading.end();
  return verdict(reading);
}

/** @param {number} ms */
export const silence = (ms) => `nothing came for ${ms} ms`;

/**
 * What a finished reading amounts to.
 * @param {Reading} reading
 */
export function verdict(reading) {
  const { heard, failure, emitted, toolCalls } = reading;
  if (failure) return { outcome: heard ? "cut" : "lost", heard, why: failure, retry: !emitted };
  if (heard) return { outcome: "spoken", heard, why: "", retry: false };
  const why = toolCalls.length > 0 ? "the answer was only a tool call" : "the answer held no text where the caller looks for it: choices[].delta.content of server-sent events";
  return { outcome: "mute", heard, why, retry: false };
}

class Tripped extends Error {}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// The caller is written in Python, where empty lists, objects and texts count as false.
function truthy(value) {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

function checkExtra({ extra_content: extra }) {
  if (extra !== undefined && extra !== null && !isObject(extra)) throw new Tripped("extra_content that is not an object");
}

// Python iterates an object's keys and a text's characters; either is no trouble while it is empty.
function iterate(value, what) {
  if (Array.isArray(value)) return value;
  if (value === "" || (isObject(value) && !truthy(value))) return [];
  throw new Tripped(value === undefined || value === null ? `an event without ${what}` : `${what} that are not a list`);
}

function countable(value) {
  if (typeof value === "number") return Number.isInteger(value);
  if (typeof value === "string") return /^\s*[+-]?\d+(?:\.0+)?\s*$/.test(value);
  return typeof value === "boolean";
}
