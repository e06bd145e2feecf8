// The JSON that OpenAI sends for a chat completion, streamed and whole, member by member in its order.

/**
 * @param {{ serial: number, model: string, include: { usage: boolean, obfuscation: boolean } }} what
 */
export function completion({ serial, model, include }) {
  const id = `chatcmpl-${String(serial).padStart(29, "0")}`;
  const created = Math.floor(Date.now() / 1000);
  const tail = { service_tier: "default", system_fingerprint: "fp_standin" };

  const chunk = (choices, usage, weight) => {
    const object = { id, object: "chat.completion.chunk", created, model, ...tail, choices };
    if (include.usage) object.usage = usage;
    if (include.obfuscation) object.obfuscation = padding(weight);
    return object;
  };

  return {
    /** One delta; the last has a finish reason and an empty delta. */
    delta: (delta, finish = null) =>
      chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }], null, delta.content?.length ?? 0),

    /** The chunk after the finish: no choices, the usage of the whole. */
    usage: (usage) => chunk([], usage, 0),

    /** The answer without streaming. */
    whole: (message, finish, usage) => ({
      id,
      object: "chat.completion",
      created,
      model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
      usage,
      ...tail,
    }),
  };
}

/**
 * Joins deltas into a message, as `stream: false` gives it.
 * @param {object[]} deltas
 */
export function message(deltas) {
  const joined = { role: "assistant", content: null, refusal: null, annotations: [] };
  for (const delta of deltas) {
    if (typeof delta.content === "string") joined.content = (joined.content ?? "") + delta.content;
    if (delta.reasoning_content) joined.reasoning_content = (joined.reasoning_content ?? "") + delta.reasoning_content;
    for (const { index, ...part } of delta.tool_calls ?? []) {
      joined.tool_calls ??= [];
      if (!joined.tool_calls[index]) joined.tool_calls[index] = structuredClone(part);
      else joined.tool_calls[index].function.arguments += part.function.arguments;
    }
  }
  return joined;
}

/**
 * @param {any} body the request
 * @param {{ spoken: number, reasoned: number }} counts deltas of either kind
 */
export function usage(body, { spoken, reasoned }) {
  const prompt = (JSON.stringify(body?.messages ?? []).match(/\w+/g) ?? []).length;
  return {
    prompt_tokens: prompt,
    completion_tokens: spoken + reasoned,
    total_tokens: prompt + spoken + reasoned,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoned, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

/** The body of a refusal. */
export const failure = (message, type, code = null, param = null) => ({ error: { message, type, param, code } });

// OpenAI pads each chunk so that its size doesn't tell the length of the token.
const LETTERS = "aZ3kQ9mT7xW1bN5cR8dY2eU6fV4gS0hJ";
const padding = (weight) => LETTERS.slice(0, (((10 - weight) % 16) + 16) % 16);
