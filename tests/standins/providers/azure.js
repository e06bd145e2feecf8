// OpenAI's models on Azure: what is odd about its addresses, keys and streams.

import { KEY, must } from "../providers.js";

export const azure = {
  take({ path, url, headers, body }) {
    const [, deployment] = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/.exec(path) ?? [];
    must(deployment || path === "/openai/v1/chat/completions", "Resource not found", 404);
    must(!deployment || /^\d{4}-\d\d-\d\d(-preview)?$/.test(url.searchParams.get("api-version") ?? ""), "Resource not found", 404);
    const isAllowed = headers["api-key"] === KEY || headers.authorization === `Bearer ${KEY}`;
    must(isAllowed, "Access denied due to invalid subscription key or wrong API endpoint.", 401);
    must(!(headers["api-key"] && headers.authorization), "two keys");
    must(deployment || typeof body.model === "string", "you must provide a model parameter");
    must(Array.isArray(body.messages), "'messages' is a required property");
    const script = deployment ?? body.model;
    return { script, answer: stream(script) };
  },
  refusal: ({ status, message }) => ({ error: { code: String(status), message } }),
};

const FILTERED = { hate: { filtered: false, severity: "safe" } };

function stream(script) {
  const chunk = (choice, more = {}) => ({
    choices: choice ? [{ content_filter_results: FILTERED, index: 0, logprobs: null, finish_reason: null, ...choice }] : [],
    created: 1700000000, id: "chatcmpl-azure", model: "gpt-standin", object: "chat.completion.chunk", system_fingerprint: "fp_1", ...more,
  });
  const chunks = [
    { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [{ prompt_index: 0, content_filter_results: FILTERED }] },
    chunk({ delta: { role: "assistant", content: "", refusal: null }, content_filter_results: {} }),
    chunk({ delta: { content: "Hello" } }),
  ];
  if (script === "error") return `${chunks.map(line).join("")}${line({ error: { code: "server_error", message: "Overloaded" } })}`;
  chunks.push(
    chunk({ delta: { content: " wörld \"x\"\n😀" } }),
    chunk({ delta: {}, finish_reason: script === "refusal" ? "content_filter" : "stop" }),
    // Filters that work beside the answer tell what they found without a delta.
    { choices: [{ content_filter_offsets: { check_offset: 44 }, content_filter_results: FILTERED, finish_reason: null, index: 0 }], id: "", model: "", object: "", created: 0 },
    chunk(undefined, { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }),
  );
  return `${chunks.map(line).join("")}data: [DONE]\r\n\r\n`;
}

const line = (chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`;
