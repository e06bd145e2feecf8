// Gemini's API (`models.streamGenerateContent`, `models.generateContent`).

import { KEY, must, only } from "../providers.js";

const MEMBERS = ["contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent"];
const CONFIG = [
  "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty", "maxOutputTokens", "stopSequences", "candidateCount",
  "responseMimeType", "responseJsonSchema", "responseSchema", "thinkingConfig", "responseLogprobs", "logprobs", "responseModalities",
];
const PARTS = {
  text: null,
  inlineData: ["mimeType", "data"],
  fileData: ["mimeType", "fileUri"],
  functionCall: ["id", "name", "args"],
  functionResponse: ["id", "name", "response"],
};

export const gemini = {
  take({ path, url, headers, body }) {
    const [, script, method] = /^\/v1beta\/models\/([^/:]+):(streamGenerateContent|generateContent)$/.exec(path) ?? [];
    must(script, "models is not found", 404);
    must(!url.searchParams.has("key"), "the key is in the address");
    must(headers["x-goog-api-key"] === KEY, "API key not valid. Please pass a valid API key.");
    check(body, script);
    const results = body.contents.at(-1).parts.filter((part) => part.functionResponse).map((part) => part.functionResponse);
    const given = results.length ? after(results) : (SCRIPTS[script] ?? SCRIPTS.hello)(body);
    if (method === "generateContent") return { script, answer: JSON.stringify(given.at(-1)) };
    const answer = url.searchParams.get("alt") === "sse" ? given.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join("") : JSON.stringify(given, null, 2);
    return { script, answer };
  },
  refusal: ({ status, message }) => ({ error: { code: status, message, status: { 404: "NOT_FOUND", 503: "UNAVAILABLE" }[status] ?? "INVALID_ARGUMENT" } }),
};

function check(body, script) {
  only(body, MEMBERS, "body");
  must(Array.isArray(body.contents) && body.contents.length > 0, "contents is not specified");
  if (body.systemInstruction) {
    only(body.systemInstruction, ["parts", "role"], "systemInstruction");
    parts(body.systemInstruction.parts, "systemInstruction");
  }
  const { temperature, stopSequences, thinkingConfig, responseJsonSchema, responseMimeType } = body.generationConfig ?? {};
  only(body.generationConfig ?? {}, CONFIG, "generationConfig");
  must(temperature === undefined || (temperature >= 0 && temperature <= 2), "temperature must be in the range [0.0, 2.0]");
  must(stopSequences === undefined || stopSequences.length <= 5, "at most 5 stop sequences");
  if (thinkingConfig) only(thinkingConfig, ["includeThoughts", "thinkingBudget", "thinkingLevel"], "thinkingConfig");
  must(responseJsonSchema === undefined || responseMimeType === "application/json", "a schema needs the type application/json");
  for (const tool of body.tools ?? []) {
    only(tool, ["functionDeclarations", "googleSearch", "codeExecution", "urlContext"], "tools");
    for (const declaration of tool.functionDeclarations ?? []) {
      only(declaration, ["name", "description", "parameters", "parametersJsonSchema", "response", "behavior"], "functionDeclarations");
      must(/^[a-zA-Z_][\w.:-]{0,63}$/.test(declaration.name), "Invalid function name");
    }
  }
  if (body.toolConfig) {
    only(body.toolConfig, ["functionCallingConfig"], "toolConfig");
    const { mode, allowedFunctionNames } = body.toolConfig.functionCallingConfig;
    must(["AUTO", "ANY", "NONE", "VALIDATED"].includes(mode), "mode");
    must(!allowedFunctionNames || mode === "ANY", "allowed function names only with ANY");
  }
  let called = 0;
  body.contents.forEach((content, index) => {
    only(content, ["role", "parts"], `contents[${index}]`);
    must(["user", "model"].includes(content.role), "Please use a valid role: user, model.");
    parts(content.parts, `contents[${index}]`);
    const given = content.parts.filter((part) => part.functionResponse);
    must(given.length === called, "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.");
    const before = body.contents[index - 1]?.parts.filter((part) => part.functionCall).map((part) => part.functionCall.name) ?? [];
    for (const { functionResponse } of given) must(before.includes(functionResponse.name), `no function ${functionResponse.name} was called`);
    const calls = content.parts.filter((part) => part.functionCall);
    must(!calls.length || content.role === "model", "function calls are the model's");
    called = calls.length;
    // Gemini 3 asks for the signature of the first call of a step.
    must(script !== "thinking" || !calls.length || calls[0].thoughtSignature === "U2ln", "Function call is missing a thought_signature in functionCall parts.");
  });
}

function parts(list, path) {
  must(Array.isArray(list) && list.length > 0, `${path}.parts must not be empty`);
  for (const part of list) {
    only(part, [...Object.keys(PARTS), "thought", "thoughtSignature"], `${path}.parts`);
    const kinds = Object.keys(PARTS).filter((kind) => kind in part);
    must(kinds.length === 1, `${path}.parts: required oneof field 'data' must have one initialized field`);
    const [kind] = kinds;
    if (PARTS[kind]) only(part[kind], PARTS[kind], `${path}.parts.${kind}`);
    if (kind === "functionResponse") must(part[kind].name && typeof part[kind].response === "object" && !Array.isArray(part[kind].response), `${path}: response must be an object`);
    if (kind === "functionCall") must(part[kind].name && typeof (part[kind].args ?? {}) === "object", `${path}: args must be an object`);
  }
}

const USAGE = { promptTokenCount: 12, candidatesTokenCount: 5, totalTokenCount: 17 };
const response = (list, more = {}, rest = {}) => ({
  candidates: [{ content: { parts: list, role: "model" }, index: 0, ...more }],
  usageMetadata: USAGE,
  modelVersion: "gemini-standin",
  responseId: "r-standin",
  ...rest,
});
const STOP = { finishReason: "STOP" };
const names = ({ tools }) => (tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []).map(({ name }) => name);

const SCRIPTS = {
  hello: () => [response([{ text: "Hello" }]), response([{ text: " wörld \"x\"\n😀" }], STOP)],
  tools: (body) => [
    response([{ text: "Let me look." }, ...names(body).map((name, index) => ({ functionCall: { name, args: index ? {} : { town: "Graz" } } }))]),
    response([{ text: "" }], STOP),
  ],
  thinking: (body) => [
    response([{ text: "Two and two.", thought: true }]),
    ...(names(body).length
      ? [response([{ functionCall: { id: "fc1", name: names(body)[0], args: {} }, thoughtSignature: "U2ln" }], STOP)]
      : [response([{ text: "Four." }]), response([{ text: "", thoughtSignature: "U2ln" }], STOP, { usageMetadata: { ...USAGE, thoughtsTokenCount: 9, totalTokenCount: 26 } })]),
  ],
  cache: () => [response([{ text: "Hi" }], STOP, { usageMetadata: { ...USAGE, promptTokenCount: 100, cachedContentTokenCount: 80, totalTokenCount: 105 } })],
  refusal: () => [{ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 12, totalTokenCount: 12 }, modelVersion: "gemini-standin" }],
  error: () => [response([{ text: "Hel" }]), { error: { code: 503, message: "Overloaded", status: "UNAVAILABLE" } }],
};
const after = (results) => [
  response([{ text: `The tools say: ${results.map(({ response }) => response.output ?? JSON.stringify(response)).join(", ")}.` }], STOP),
];
