// Anthropic's events turned into the bytes of OpenAI's, without any waiting: what an endpoint in front of Claude does.

import { readFileSync } from "node:fs";

import { createParser } from "eventsource-parser";

import { initSync, Stream } from "../pkg/liveavatar_llm.js";
import { pieces, text } from "./body.js";

initSync({ module: readFileSync(new URL("../pkg/liveavatar_llm_bg.wasm", import.meta.url)) });

const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const usage = { input_tokens: 25, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 };
const message = { id: "msg_01XFDUDYJgAACzvnptvVoYEL", type: "message", role: "assistant", model: "claude-sonnet-4-5", content: [], stop_reason: null, stop_sequence: null, usage };

/**
 * The body of the answer, `perRead` events in each network read.
 * @param {number} perRead
 * @returns {Uint8Array[]}
 */
export function reads(perRead) {
  const events = [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...pieces.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: pieces.length } },
    { type: "message_stop" },
  ].map(event);
  const encoder = new TextEncoder();
  return Array.from({ length: Math.ceil(events.length / perRead) }, (_, index) =>
    encoder.encode(events.slice(index * perRead, (index + 1) * perRead).join("")),
  );
}

/** Both give the bytes. @type {Record<string, (body: Uint8Array[]) => Uint8Array[]>} */
export const translators = {
  ours(body) {
    const stream = Stream.answered("anthropic", "{}", 1, 0, 1764000000);
    stream.readEvents();
    stream.respond(200, [], 0);
    const out = [];
    for (const bytes of body) {
      stream.push(bytes, 1);
      out.push(stream.takeBytes());
    }
    stream.end(2);
    out.push(stream.takeBytes());
    stream.free();
    return out;
  },

  parser(body) {
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();
    let head;
    let ready = "";
    const put = (delta, finish_reason = null) => {
      ready += `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    };
    const onEvent = ({ data }) => {
      const event = JSON.parse(data);
      switch (event.type) {
        case "message_start":
          head = { id: event.message.id, object: "chat.completion.chunk", created: 1764000000, model: event.message.model };
          put({ role: "assistant", content: "" });
          break;
        case "content_block_delta":
          if (event.delta.type === "text_delta") put({ content: event.delta.text });
          break;
        case "message_delta":
          put({}, event.delta.stop_reason === "end_turn" ? "stop" : event.delta.stop_reason);
          break;
        case "message_stop":
          ready += "data: [DONE]\n\n";
      }
    };
    const parser = createParser({ onEvent });
    return body.map((bytes) => {
      parser.feed(decoder.decode(bytes, { stream: true }));
      const out = encoder.encode(ready);
      ready = "";
      return out;
    });
  },
};

/** Whoever gives other words has not read it. @param {Uint8Array[]} out */
export function check(out) {
  const events = Buffer.concat(out).toString().split("\n\n").filter((event) => event.startsWith("data: {"));
  const words = events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? "").join("");
  if (words !== text) throw new Error("the translation has other words than the answer");
}
