// Replies that are read without an error: some hold nothing to say, some hold what should not be said.

import { choice, chunk, DONE, events, fault, ROLE, SAID, STOP } from "./build.js";

const COMPLETION = { id: "c-1", object: "chat.completion", created: 1, model: "m", choices: [{ index: 0, message: { role: "assistant", content: SAID }, finish_reason: "stop" }], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } };
const JSON_TYPE = { headers: { "content-type": "application/json" } };
const deltas = (...texts) => events(ROLE, ...texts.map((content) => chunk({ content })), STOP) + DONE;
const says = (name, about, said, ...texts) => fault(name, about, deltas(...texts), { said });
const call = (members, more) => ({ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: "{}" }, ...members, ...more });
const calls = (...list) => chunk({ tool_calls: list });
const CALLED = choice({}, { finish_reason: "tool_calls" });

const MUTE = [
  fault("json", "a whole completion as JSON", JSON.stringify(COMPLETION), JSON_TYPE),
  fault("json-pretty", "a whole completion as JSON of many lines", `${JSON.stringify(COMPLETION, null, 2)}\n`, JSON_TYPE),
  fault("json-as-stream", "a whole completion as JSON, content-type text/event-stream", JSON.stringify(COMPLETION)),
  fault("json-then-done", "a whole completion as JSON, then [DONE]", `${JSON.stringify(COMPLETION)}\n\n${DONE}`),
  fault("json-as-event", "a whole completion as one event", events(COMPLETION) + DONE),
  fault("json-error", "an error object as JSON under status 200", JSON.stringify({ error: { message: "Overloaded", type: "server_error" } }), JSON_TYPE),
  fault("ndjson", "NDJSON chunks", [ROLE, chunk({ content: SAID }), STOP].map((line) => `${JSON.stringify(line)}\n`).join(""), { headers: { "content-type": "application/x-ndjson" } }),
  fault("text", "plain text", SAID, { headers: { "content-type": "text/plain" } }),
  fault("text-as-data", "plain text in data lines", "data: Hello\n\ndata:  world\n\ndata: [DONE]\n\n"),
  fault("empty-body", "no bytes at all", []),
  fault("empty-body-length-0", "content-length: 0", [], { headers: { "content-type": "text/event-stream", "content-length": "0" } }),
  fault("only-done", "only [DONE]", DONE, { said: "" }),
  fault("only-comments", "only comments", ": hb\n\n: hb\n\n", { said: "" }),
  fault("only-blank-lines", "only blank lines", "\n\n\n\n", { said: "" }),
  fault("only-role", "only the role", events(ROLE) + DONE, { said: "" }),
  fault("only-finish", "only the finish chunk", events(STOP) + DONE, { said: "" }),
  fault("only-usage", "only usage", events({ ...chunk({}), choices: [], usage: COMPLETION.usage }) + DONE, { said: "" }),
  fault("only-empty-text", "only empty deltas", deltas("", "", ""), { said: "" }),
  fault("only-space", "only white space", deltas(" ", "\n"), { said: "" }),
  fault("only-content-filter", "only finish_reason content_filter", events(ROLE, choice({}, { finish_reason: "content_filter" })) + DONE, { said: "" }),
  fault("only-refusal", "only a refusal", events(ROLE, chunk({ refusal: "I can't help with that." }), STOP) + DONE, { said: "" }),
  fault("only-reasoning-content", "only reasoning_content", events(ROLE, chunk({ reasoning_content: "hm" }), STOP) + DONE, { said: "" }),
  fault("only-reasoning", "only reasoning", events(ROLE, chunk({ reasoning: "hm" }), STOP) + DONE, { said: "" }),
  fault("only-audio", "only audio with a transcript", events(ROLE, chunk({ audio: { id: "a-1", transcript: SAID } }), STOP) + DONE),
  fault("message-for-delta", "message in place of delta", events(...[SAID, ""].map((content) => chunk({}, { choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: null }] }))) + DONE),
  fault("text-for-delta", "text in place of delta, as legacy completions have it", events({ id: "c-1", object: "text_completion", created: 1, model: "m", choices: [{ index: 0, text: SAID, finish_reason: null }] }) + DONE),
  fault("text-in-delta", "text in place of content", events(chunk({ text: SAID }), STOP) + DONE),
];

const TOOLS = [
  fault("tool-call", "only a tool call", events(ROLE, calls(call()), CALLED) + DONE, { said: "" }),
  fault("tool-call-in-pieces", "only a tool call, its arguments in pieces", events(ROLE, calls(call({ function: { name: "weather", arguments: "" } })), calls({ index: 0, function: { arguments: '{"at":' } }), calls({ index: 0, function: { arguments: '"Rome"}' } }), CALLED) + DONE, { said: "" }),
  fault("tool-call-finish-stop", "only a tool call, finish_reason stop", events(ROLE, calls(call()), STOP) + DONE, { said: "" }),
  fault("tool-call-no-finish", "only a tool call, no finish_reason", events(ROLE, calls(call())) + DONE, { said: "" }),
  fault("tool-call-index-missing", "a tool call without index", events(ROLE, calls(call({ index: undefined })), CALLED) + DONE, { said: "" }),
  fault("tool-call-index-one", "a tool call with index 1", events(ROLE, calls(call({ index: 1 })), CALLED) + DONE, { said: "" }),
  fault("tool-call-type-missing", "a tool call without type", events(ROLE, calls(call({ type: undefined })), CALLED) + DONE, { said: "" }),
  fault("tool-call-id-missing", "a tool call without id", events(ROLE, calls(call({ id: undefined })), CALLED) + DONE, { said: "" }),
  fault("tool-call-id-empty", "a tool call whose later pieces have id \"\" and name \"\"", events(ROLE, calls(call({ function: { name: "weather", arguments: "{" } })), calls({ index: 0, id: "", function: { name: "", arguments: "}" } }), CALLED) + DONE, { said: "" }),
  fault("tool-call-arguments-object", "a tool call whose arguments are an object", events(ROLE, calls(call({ function: { name: "weather", arguments: { at: "Rome" } } })), CALLED) + DONE, { said: "" }),
  fault("tool-call-arguments-first", "arguments before the name", events(ROLE, calls({ index: 0, function: { arguments: "{}" } }), CALLED) + DONE, { said: "" }),
  fault("tool-call-function-missing", "a tool call without function", events(ROLE, calls({ index: 0, id: "call_1" }), CALLED) + DONE, { said: "" }),
  fault("tool-call-null", "a tool call null", events(ROLE, calls(null), CALLED) + DONE, { said: "" }),
  fault("tool-calls-two", "two tool calls", events(ROLE, calls(call()), calls(call({ index: 1, id: "call_2" })), CALLED) + DONE, { said: "" }),
  fault("tool-calls-two-in-one", "two tool calls in one chunk", events(ROLE, calls(call(), call({ index: 1, id: "call_2" })), CALLED) + DONE, { said: "" }),
  fault("tool-calls-two-index-zero", "two tool calls, both index 0", events(ROLE, calls(call()), calls(call({ id: "call_2" })), CALLED) + DONE, { said: "" }),
  fault("tool-call-with-text", "a tool call and text in one chunk", events(ROLE, chunk({ content: SAID, tool_calls: [call()] }), CALLED) + DONE),
  fault("tool-call-with-finish-and-text", "a tool call, text, finish and usage in one chunk", events(ROLE, choice({ content: SAID, tool_calls: [call()] }, { finish_reason: "tool_calls" }, { usage: COMPLETION.usage })) + DONE),
  fault("tool-calls-two-with-text", "two tool calls, the second with text", events(ROLE, calls(call()), chunk({ content: SAID, tool_calls: [call({ index: 1, id: "call_2" })] }), CALLED) + DONE),
  fault("tool-call-after-text", "text, then a tool call", events(ROLE, chunk({ content: "Hello" }), chunk({ content: " world" }), calls(call()), CALLED) + DONE),
  fault("tool-call-before-text", "a tool call, then text", events(ROLE, calls(call()), chunk({ content: "Hello" }), chunk({ content: " world" }), CALLED) + DONE),
  fault("tool-call-then-error", "a tool call, then an error object", events(ROLE, calls(call()), CALLED, { error: { message: "Overloaded" } }), { said: "" }),
  fault("tool-call-as-text", "a tool call as content", deltas('{"name":"weather","arguments":{}}'), { said: "" }),
  fault("function-call", "a legacy function_call", events(ROLE, chunk({ function_call: { name: "weather", arguments: "{}" } }), choice({}, { finish_reason: "function_call" })) + DONE, { said: "" }),
];

const UNWANTED = [
  says("think-one-delta", "<think> and </think> in one delta", SAID, "<think>hm</think>Hello world"),
  says("think-own-deltas", "<think> and </think> in deltas of their own", SAID, "<think>", "hm", "</think>", "Hello", " world"),
  says("think-tag-and-thought", "<think> at the start of the thought, </think> at its end", SAID, "<think>hm", " and hm</think>", "Hello", " world"),
  says("think-end-with-text", "</think> and the first word in one delta", SAID, "<think>", "hm", "</think>Hello", " world"),
  says("think-start-after-text", "a word and <think> in one delta", SAID, "Hello<think>", "hm", "</think>", " world"),
  says("think-mid", "thinking between the words", SAID, "Hello", "<think>", "hm", "</think>", " world"),
  says("think-split-start", "<think> over two deltas", SAID, "<thi", "nk>", "hm", "</think>", "Hello", " world"),
  says("think-split-end", "</think> over two deltas", SAID, "<think>", "hm", "</thi", "nk>", "Hello", " world"),
  says("think-split-both", "both tags by the character", SAID, ..."<think>hm</think>", "Hello", " world"),
  says("think-split-looks-like", "what only begins like a tag", "Hello <thin world", "Hello <thin", " world"),
  says("think-open", "<think> that is never closed", "", "<think>", "hm", "Hello world"),
  says("think-open-at-end", "text, then <think> that is never closed", "Hello", "Hello", "<think>", "hm"),
  says("think-close-only", "</think> without <think>", SAID, "hm", "</think>", "Hello", " world"),
  says("think-upper-case", "<THINK>", SAID, "<THINK>", "hm", "</THINK>", "Hello", " world"),
  says("think-attributes", "<think> with an attribute", SAID, "<think lang=\"en\">", "hm", "</think>", "Hello", " world"),
  says("thinking-tag", "<thinking>", SAID, "<thinking>", "hm", "</thinking>", "Hello", " world"),
  says("think-twice", "thinking twice", SAID, "<think>", "hm", "</think>", "Hello", "<think>", "hm", "</think>", " world"),
  says("think-twice-one-delta", "thinking twice in one delta", SAID, "<think>hm</think>Hello<think>hm</think> world"),
  says("think-tail-without-finish", "what begins like a tag is the last text and no finish follows", "Hello <thi", "Hello <thi"),
  fault("think-tail-no-finish", "what begins like a tag is the last text, and the body ends there", events(ROLE, chunk({ content: "Hello <thi" })) + DONE, { said: "Hello <thi" }),
  says("markdown", "markdown", "# Title\n\nSome **bold**, *italic* and `code`.\n- one\n- two\n[link](https://example.org) ~~gone~~", "# Title\n\nSome **bold**, ", "*italic* and `code`.\n", "- one\n- two\n", "[link](https://example.org) ~~gone~~"),
  says("markdown-split", "markdown by the character", "Some **bold** and __bolder__.", ..."Some **bold** and __bolder__."),
  says("markdown-table", "a table and a fence", "| a | b |\n|---|---|\n```js\nlet x = 1;\n```\n> quote\n", "| a | b |\n|---|---|\n", "```js\nlet x = 1;\n```\n", "> quote\n"),
  says("arithmetic", "stars and underscores that are no markdown", "5 * 3 is 15, snake_case_name.", "5 * 3 ", "is 15, snake_case_name."),
  says("emoji", "emoji", "Hello 👋🏽 world ❤️ ☀", "Hello 👋🏽 ", "world ❤️ ☀"),
  says("ssml", "SSML", "<speak>Hello <break time=\"1s\"/> world</speak>", "<speak>Hello <break time=\"1s\"/>", " world</speak>"),
];

export const SPEECH = [
  ...MUTE.map((entry) => ({ group: "mute", ...entry })),
  ...TOOLS.map((entry) => ({ group: "tools", ...entry })),
  ...UNWANTED.map((entry) => ({ group: "speech", ...entry })),
];
