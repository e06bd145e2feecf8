// One process from importing a package to the end of its first answer. Prints the time in milliseconds.

import { reads, response, text as words } from "./body.js";

const [start, ...rest] = reads(8);
const fetch = async () => response([start, rest.at(-1)]);
const request = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };

const contenders = {
  async ours() {
    const { ChatClient } = await import("../pkg/index.js");
    let text = "";
    for await (const piece of new ChatClient({ apiKey: "none", fetch }).stream(request).textStream()) text += piece;
    return text;
  },

  async openai() {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ apiKey: "none", fetch });
    let text = "";
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    return text;
  },
};

const began = performance.now();
const text = await contenders[process.argv[2]]();
const ms = performance.now() - began;
if (text === "" || !words.startsWith(text.slice(0, 20))) throw new Error(`these are not the answer's words: ${text}`);
console.log(ms);
