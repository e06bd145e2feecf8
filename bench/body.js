// One long answer as OpenAI's chat completions stream it, cut into network reads.

const EVENTS = 4000;

// What models write: a word or a few a token, with line ends, quotes and more than ASCII now and then.
const TOKENS = ["The", " avatar", " listens", " and", " answers", ",", " in a", " calm", " voice", ".", "\n\n", " Then", " it says", ": \"",
  "Grüße", " aus", " Zürich", "\"", " —", " naïve", " café", " 東京", " 🙂", " for example", "\n- ", " one of the", " 3.14", " C:\\temp",
  " whatever", " you", " would", " like", " to hear", "!", " It", " is", " what", " people", " expect", "\t"];

const HEAD = {
  id: "chatcmpl-CfV2Zy8mQkq7J1xw0bTn5RsLh3DgA",
  object: "chat.completion.chunk",
  created: 1764000000,
  model: "gpt-4o-mini-2024-07-18",
  service_tier: "default",
  system_fingerprint: "fp_560af6e559",
};

/** The answer's words, one piece an event. */
export const pieces = Array.from({ length: EVENTS }, (_, index) => token(index));

/** The answer's words. */
export const text = pieces.join("");

/**
 * The answer's body, `perRead` events in each network read.
 * @param {number} perRead
 * @returns {Uint8Array[]}
 */
export function reads(perRead) {
  const chunks = [chunk({ role: "assistant", content: "", refusal: null }, null, 0)];
  for (let index = 0; index < EVENTS; index++) chunks.push(chunk({ content: token(index) }, null, index));
  chunks.push(chunk({}, "stop", EVENTS));
  const events = [...chunks.map((data) => JSON.stringify(data)), "[DONE]"].map((data) => `data: ${data}\n\n`);
  const encoder = new TextEncoder();
  return Array.from({ length: Math.ceil(events.length / perRead) }, (_, index) =>
    encoder.encode(events.slice(index * perRead, (index + 1) * perRead).join("")),
  );
}

/**
 * The response that delivers a body, each read when it is asked for.
 * @param {Uint8Array[]} body
 * @returns {Response}
 */
export function response(body) {
  let index = 0;
  const stream = new ReadableStream({
    pull(controller) {
      if (index < body.length) controller.enqueue(body[index++]);
      else controller.close();
    },
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

/** Looks random and is the same in every run. */
function token(index) {
  return TOKENS[(Math.imul(index, 0x9e3779b1) >>> 16) % TOKENS.length];
}

function chunk(delta, finish_reason, index) {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason }];
  // Padding against guessing text from lengths, which OpenAI sends unless told not to.
  return { ...HEAD, choices, obfuscation: "Xq7Lw2mPz9".slice(index % 10) };
}
