// Anthropic's Messages API («Create a Message», «Streaming Messages», «Extended thinking»).

import { KEY, must, only } from "../providers.js";

const MEMBERS = [
  "model", "max_tokens", "messages", "system", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "tools",
  "tool_choice", "thinking", "output_config", "service_tier", "container",
];
const BLOCKS = {
  text: ["text", "citations", "cache_control"],
  image: ["source", "cache_control"],
  document: ["source", "title", "context", "citations", "cache_control"],
  thinking: ["thinking", "signature"],
  redacted_thinking: ["data"],
  tool_use: ["id", "name", "input", "cache_control"],
  tool_result: ["tool_use_id", "content", "is_error", "cache_control"],
};
const SOURCES = { base64: ["media_type", "data"], url: ["url"], file: ["file_id"] };
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/** What a thought is signed with. */
const sign = (thought) => Buffer.from(`signed ${thought}`).toString("base64");

export const anthropic = {
  take({ path, headers, body }) {
    must(path === "/v1/messages", "Not found", 404);
    // The key stands in either; the provider's own package has gone over to the second.
    const keys = [headers["x-api-key"], headers.authorization?.replace(/^Bearer /, "")].filter(Boolean);
    must(keys.length === 1 && keys[0] === KEY, "invalid x-api-key", 401);
    must(/^\d{4}-\d\d-\d\d$/.test(headers["anthropic-version"] ?? ""), "anthropic-version: header is required");
    check(body);
    const last = body.messages.at(-1);
    const results = Array.isArray(last.content) ? last.content.filter((block) => block.type === "tool_result") : [];
    const script = body.model;
    const message = results.length ? after(results) : (SCRIPTS[script] ?? SCRIPTS.hello)(body);
    return { script, answer: body.stream ? stream(message) : JSON.stringify(whole(message)) };
  },
  refusal: ({ status, message }) => ({
    type: "error",
    error: { type: { 401: "authentication_error", 404: "not_found_error", 529: "overloaded_error" }[status] ?? "invalid_request_error", message },
  }),
};

function check(body) {
  only(body, MEMBERS, "body");
  must(typeof body.model === "string" && body.model, "model: Field required");
  must(Number.isInteger(body.max_tokens) && body.max_tokens > 0, "max_tokens: Field required");
  const { temperature, top_p, thinking, tools, tool_choice, metadata, output_config } = body;
  must(temperature === undefined || (temperature >= 0 && temperature <= 1), "temperature: range: 0..1");
  must(temperature === undefined || top_p === undefined, "`temperature` and `top_p` cannot both be specified for this model");
  must(body.stop_sequences === undefined || Array.isArray(body.stop_sequences), "stop_sequences: Input should be a valid list");
  if (metadata) only(metadata, ["user_id"], "metadata");
  if (thinking) {
    only(thinking, ["type", "budget_tokens"], "thinking");
    must(["enabled", "disabled", "adaptive"].includes(thinking.type), "thinking.type: unknown");
    if (thinking.type === "enabled") {
      must(thinking.budget_tokens >= 1024, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
      must(thinking.budget_tokens < body.max_tokens, "`max_tokens` must be greater than `thinking.budget_tokens`");
      must((temperature ?? 1) === 1, "`temperature` may only be set to 1 when thinking is enabled");
    }
  }
  if (output_config) {
    only(output_config, ["format", "effort"], "output_config");
    if (output_config.format) {
      only(output_config.format, ["type", "schema"], "output_config.format");
      must(output_config.format.type === "json_schema" && output_config.format.schema?.type === "object", "output_config.format: Input should be a schema");
    }
  }
  for (const tool of tools ?? []) {
    only(tool, ["name", "description", "input_schema", "strict", "cache_control", "type"], "tools");
    must(NAME.test(tool.name), "tools.name: String should match pattern");
    must(tool.input_schema?.type === "object", "tools.input_schema.type: Field required");
  }
  if (tool_choice) {
    must(tools?.length, "tool_choice: tools must be given");
    only(tool_choice, ["type", "name", "disable_parallel_tool_use"], "tool_choice");
    must(["auto", "any", "tool", "none"].includes(tool_choice.type), "tool_choice.type: unknown");
    must(tool_choice.type !== "tool" || tools.some(({ name }) => name === tool_choice.name), "tool_choice.name: no such tool");
    must(tool_choice.type !== "none" || !("disable_parallel_tool_use" in tool_choice), "tool_choice.none: Extra inputs are not permitted");
  }
  if (body.system !== undefined && typeof body.system !== "string") blocks(body.system, ["text"], "system");
  messages(body);
}

function messages({ messages, thinking }) {
  must(Array.isArray(messages) && messages.length > 0, "messages: at least one message is required");
  let called = [];
  messages.forEach((message, index) => {
    const path = `messages.${index}`;
    only(message, ["role", "content"], path);
    must(["user", "assistant"].includes(message.role), `${path}.role: Input should be 'user' or 'assistant'`);
    const isUser = message.role === "user";
    const content = typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
    must(Array.isArray(content), `${path}.content: Field required`);
    const isLast = index === messages.length - 1;
    must(content.length > 0 || (isLast && !isUser), `${path}: all messages must have non-empty content`);
    blocks(content, isUser ? ["text", "image", "document", "tool_result"] : ["text", "thinking", "redacted_thinking", "tool_use"], path);
    const results = content.filter(({ type }) => type === "tool_result");
    for (const { tool_use_id } of results) must(called.includes(tool_use_id), `${path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${tool_use_id}`);
    for (const id of called) must(results.some(({ tool_use_id }) => tool_use_id === id), `${path}: \`tool_use\` ids were found without \`tool_result\` blocks: ${id}`);
    called = content.filter(({ type }) => type === "tool_use").map(({ id }) => id);
    must(new Set(called).size === called.length, `${path}: \`tool_use\` ids must be unique`);
    if (called.length && thinking?.type === "enabled") {
      must(["thinking", "redacted_thinking"].includes(content[0].type), `${path}.content.0.type: Expected \`thinking\`, but found \`${content[0].type}\``);
    }
    if (isLast && !isUser) must(!/\s$/.test(content.at(-1)?.text ?? ""), "messages: final assistant content cannot end with trailing whitespace");
  });
  must(called.length === 0, "messages: `tool_use` ids were found without `tool_result` blocks");
}

function blocks(list, kinds, path) {
  must(Array.isArray(list), `${path}: Input should be a list`);
  for (const block of list) {
    must(kinds.includes(block.type), `${path}.content: Input tag '${block.type}' is not one of ${kinds}`);
    only(block, ["type", ...BLOCKS[block.type]], `${path}.content`);
    if (block.type === "text") must(typeof block.text === "string" && block.text.trim(), `${path}: text content blocks must contain non-whitespace text`);
    if (block.type === "thinking") must(block.signature === sign(block.thinking), `${path}: Invalid \`signature\` in \`thinking\` block`);
    if (block.type === "tool_use") must(NAME.test(block.name) && block.id && typeof block.input === "object" && !Array.isArray(block.input), `${path}: tool_use`);
    if (block.type === "tool_result" && block.content !== undefined && typeof block.content !== "string") blocks(block.content, ["text", "image", "document"], path);
    if (block.source) {
      must(SOURCES[block.source.type], `${path}.source.type: unknown`);
      only(block.source, ["type", ...SOURCES[block.source.type]], `${path}.source`);
    }
  }
}

const text = (...pieces) => ({ block: { type: "text", text: "" }, deltas: pieces.map((text) => ({ type: "text_delta", text })) });
const call = (id, name, ...pieces) => ({
  block: { type: "tool_use", id, name, input: {} },
  deltas: pieces.map((partial_json) => ({ type: "input_json_delta", partial_json })),
});
const thought = (...pieces) => ({
  block: { type: "thinking", thinking: "", signature: "" },
  deltas: [...pieces.map((thinking) => ({ type: "thinking_delta", thinking })), { type: "signature_delta", signature: sign(pieces.join("")) }],
});

const SCRIPTS = {
  hello: () => ({ blocks: [text("Hello", " wörld \"x\"\n😀")] }),
  tools: ({ tools }) => ({
    blocks: [text("Let me look."), ...(tools ?? []).map(({ name }, index) => (index ? call(`toolu_${index}`, name) : call("toolu_0", name, "", '{"town":', ' "Graz"}')))],
    stop_reason: "tool_use",
  }),
  thinking: ({ tools }) => ({
    blocks: [
      thought("Two and ", "two."),
      { block: { type: "redacted_thinking", data: "Zm9v" }, deltas: [] },
      ...(tools ? [call("toolu_0", tools[0].name), thought("Again."), call("toolu_1", tools[0].name)] : [text("Four.")]),
    ],
    stop_reason: tools ? "tool_use" : "end_turn",
  }),
  cache: () => ({ blocks: [text("Hi")], usage: { input_tokens: 5, cache_read_input_tokens: 100, cache_creation_input_tokens: 20 } }),
  refusal: () => ({ blocks: [], stop_reason: "refusal" }),
  error: () => ({ blocks: [text("Hel")], fails: true }),
};
const after = (results) => {
  const words = ({ content }) => (Array.isArray(content) ? content.map(({ text }) => text).join("") : (content ?? ""));
  return { blocks: [text(`The tools say: ${results.map(words).join(", ")}.`)] };
};

const head = ({ usage = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 } }) => ({
  id: "msg_01standin", type: "message", role: "assistant", model: "claude-standin", content: [], stop_reason: null, stop_sequence: null,
  usage: { ...usage, output_tokens: 1 },
});

function stream(message) {
  const { blocks, stop_reason = "end_turn", fails } = message;
  const events = [{ type: "message_start", message: head(message) }];
  blocks.forEach(({ block, deltas }, index) => {
    events.push({ type: "content_block_start", index, content_block: block });
    if (index === 0) events.push({ type: "ping" });
    for (const delta of deltas) events.push({ type: "content_block_delta", index, delta });
    if (!fails) events.push({ type: "content_block_stop", index });
  });
  if (fails) events.push({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
  else events.push({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 25 } }, { type: "message_stop" });
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

function whole(message) {
  const content = message.blocks.map(({ block, deltas }) => {
    const all = (name) => deltas.map((delta) => delta[name] ?? "").join("");
    if (block.type === "text") return { ...block, text: all("text") };
    if (block.type === "thinking") return { ...block, thinking: all("thinking"), signature: all("signature") };
    return block.type === "tool_use" ? { ...block, input: JSON.parse(all("partial_json") || "{}") } : block;
  });
  const started = head(message);
  return { ...started, content, stop_reason: message.stop_reason ?? "end_turn", usage: { ...started.usage, output_tokens: 25 } };
}
