// Ways to read an answer. Each takes its response and gives its words, by the leanest code that its package's documentation allows.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";
import { createParser } from "eventsource-parser";
import OpenAI from "openai";

import { ChatStream } from "../pkg/index.js";

const request = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Tell me about avatars." }] };
// The clients of `openai` and the AI SDK fetch by themselves: this is what they are given.
let answer;
const fetch = async () => answer;
const openai = new OpenAI({ apiKey: "none", fetch, dangerouslyAllowBrowser: true });
const model = createOpenAICompatible({ name: "bench", baseURL: "http://localhost/v1", fetch }).chatModel(request.model);

/** What reading costs whoever does nothing with what is read. */
export async function bare(response) {
  const reader = response.body.getReader();
  while (!(await reader.read()).done);
}

/** The words alone. @type {Record<string, (response: Response) => Promise<string>>} */
export const text = {
  async ours(response) {
    let text = "";
    for await (const piece of ChatStream.fromResponse(response).textStream()) text += piece;
    return text;
  },

  async openai(response) {
    answer = response;
    let text = "";
    for await (const chunk of await openai.chat.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    return text;
  },

  async parser(response) {
    let text = "";
    const onEvent = ({ data }) => {
      if (data !== "[DONE]") text += JSON.parse(data).choices[0]?.delta.content ?? "";
    };
    const parser = createParser({ onEvent });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  },

  async streamText(response) {
    answer = response;
    let text = "";
    for await (const piece of streamText({ model, messages: request.messages }).textStream) text += piece;
    return text;
  },

  /** The AI SDK without its core: what `streamText` reads from. */
  async provider(response) {
    answer = response;
    const prompt = [{ role: "user", content: [{ type: "text", text: request.messages[0].content }] }];
    const { stream } = await model.doStream({ prompt });
    let text = "";
    for await (const part of stream) if (part.type === "text-delta") text += part.delta;
    return text;
  },
};

/** Every chunk as an object. @type {Record<string, (response: Response) => Promise<string>>} */
export const chunks = {
  ours: (response) => join(ChatStream.fromResponse(response)),
  parser: (response) => join(parsed(response)),
};

async function join(chunks) {
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

async function* parsed(response) {
  let ready = [];
  const onEvent = ({ data }) => {
    if (data !== "[DONE]") ready.push(JSON.parse(data));
  };
  const parser = createParser({ onEvent });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(decoder.decode(value, { stream: true }));
    yield* ready;
    ready = [];
  }
}
