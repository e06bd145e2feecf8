// A Workers AI binding (`env.AI`) with the answers that its models' pages document.

const MODELS = {
  "@cf/standin/text": {
    stream: [{ response: "Hello", p: "abcd" }, { response: " wörld \"x\"\n😀", p: "ab" }, { response: "", usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }],
  },
  /** Streams nothing, as with functions. */
  "@cf/standin/whole": { whole: { response: "Hello wörld \"x\"\n😀", usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } } },
  "@cf/standin/calls": { whole: { response: null, tool_calls: [{ name: "weather", arguments: { town: "Graz" } }, { name: "time", arguments: {} }] } },
  "@cf/standin/json": { whole: { response: { town: "Graz" } } },
  "@cf/standin/openai": {
    stream: [
      { id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { role: "assistant", content: "Hello" }, finish_reason: null }] },
      { id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { content: " wörld \"x\"\n😀" }, finish_reason: "stop" }] },
    ],
  },
};

/**
 * @returns {{ run: (model: string, input: any) => Promise<unknown>, runs: [string, any][] }}
 */
export function workersAi() {
  const runs = [];
  return {
    runs,
    async run(model, input) {
      runs.push([model, input]);
      const found = MODELS[model];
      if (!found) throw new Error(`5007: No such model ${model} or task`);
      if (!Array.isArray(input?.messages)) throw new Error("5006: Error: oneOf at '/' not met: required properties at '/' are 'messages'");
      for (const { role, content } of input.messages) {
        if (typeof role !== "string" || typeof content !== "string") throw new Error("5006: Error: Type mismatch of '/messages/0/content', 'array' not in 'string'");
      }
      if (found.whole || !input.stream) return found.whole ?? { response: "Hello" };
      const bytes = new TextEncoder().encode(`${found.stream.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("")}data: [DONE]\n\n`);
      return new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
          controller.close();
        },
      });
    },
  };
}
