// The wire's own vocabulary: OpenAI's chat completions (API reference, «Create chat completion» and «The chat completion
// chunk object»). Names are the wire's. Members that are not listed are passed on as they are, in both directions.
//
// Requests, chunks and completions can be exchanged with those of OpenAI's own package, in both directions. So the types are
// as narrow as the reference, and other upstreams may say more: finish reasons of their own, `null` for what is missing.

/** What is asked of a model. */
export interface ChatRequest {
  /** The conversation so far, oldest first. */
  messages: ChatMessage[];
  /** The model's name; default: the upstream's `model`. */
  model?: string;
  /** 0 to 2; higher is more random. */
  temperature?: number | null;
  /** Nucleus sampling, 0 to 1. */
  top_p?: number | null;
  /** How many alternatives to answer with, 1 to 128; default 1. */
  n?: number | null;
  /** Up to four strings before which the answer ends. */
  stop?: string | string[] | null;
  /** The most tokens an answer may have; superseded by `max_completion_tokens`. */
  max_tokens?: number | null;
  /** The most tokens an answer may have, thinking included. */
  max_completion_tokens?: number | null;
  /** -2 to 2. */
  presence_penalty?: number | null;
  /** -2 to 2. */
  frequency_penalty?: number | null;
  /** Token id to bias, -100 to 100. */
  logit_bias?: Record<string, number> | null;
  /** Whether to give log probabilities. */
  logprobs?: boolean | null;
  /** How many alternatives of each token to give log probabilities for, 0 to 20. */
  top_logprobs?: number | null;
  /** The same seed and request should give the same answer. */
  seed?: number | null;
  /** The form the answer must have. Of `json_object` and `json_schema` the completion has the value as `parsed`. */
  response_format?:
    | { type: "text" }
    | { type: "json_object" }
    | { type: "json_schema"; json_schema: { name: string; description?: string; schema?: Record<string, unknown>; strict?: boolean | null } };
  /** Functions the model may call. With them, the completion has the arguments of calls as `parsed_arguments`. */
  tools?: ChatTool[];
  /** Whether and which of them it must call. */
  tool_choice?:
    | "none"
    | "auto"
    | "required"
    | { type: "function"; function: { name: string } }
    | { type: "custom"; custom: { name: string } }
    | { type: "allowed_tools"; allowed_tools: { mode: "auto" | "required"; tools: Record<string, unknown>[] } };
  /** Whether it may call several at once. */
  parallel_tool_calls?: boolean;
  /** How long a reasoning model thinks. */
  reasoning_effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | null;
  /** How much a model says. */
  verbosity?: "low" | "medium" | "high" | null;
  /** What to answer with; default words alone. */
  modalities?: ("text" | "audio")[] | null;
  /** How the answer is to sound, where `modalities` has `audio`. */
  audio?: { format: "wav" | "aac" | "mp3" | "flac" | "opus" | "pcm16"; voice: string | { id: string } } | null;
  /** Which processing is paid for. */
  service_tier?: ChatServiceTier | null;
  /** Whether the provider keeps the answer. */
  store?: boolean | null;
  /** Up to 16 texts that are kept with it. */
  metadata?: Record<string, string> | null;
  /** Always true on the wire, whatever is given: answers are streamed. */
  stream?: boolean | null;
  /** `include_usage: true` asks for token counts at the end of the stream. */
  stream_options?: { include_usage?: boolean; include_obfuscation?: boolean } | null;
  /** An id of the end user, for the provider. */
  user?: string;
}

/** Which processing is paid for. */
export type ChatServiceTier = "auto" | "default" | "flex" | "scale" | "priority" | "fast";

/** A message of the conversation. That of a {@link ChatCompletion} can be sent back as it is. */
export type ChatMessage =
  | { role: "system" | "developer"; content: string | ChatTextPart[]; name?: string }
  | { role: "user"; content: string | ChatContentPart[]; name?: string }
  | {
      role: "assistant";
      content?: string | (ChatTextPart | ChatRefusalPart)[] | null;
      name?: string;
      refusal?: string | null;
      /** What the model thought, for upstreams that want it back. */
      reasoning_content?: string | null;
      tool_calls?: ChatToolCall[];
      /** What it said aloud before, by its id. */
      audio?: { id: string } | null;
      /** @deprecated `tool_calls` have replaced it. */
      function_call?: { name: string; arguments: string } | null;
      /** What Anthropic's models thought before their words, signed. */
      thinking_blocks?: Record<string, unknown>[];
      /** What Gemini wants back with its words: `{ google: { thought_signature } }`. */
      extra_content?: Record<string, unknown>;
    }
  | { role: "tool"; content: string | ChatTextPart[]; tool_call_id: string }
  | ChatFunctionMessage;

/**
 * What a function gave that was called by `function_call`.
 * @deprecated messages of `tool` have replaced it.
 */
export interface ChatFunctionMessage {
  role: "function";
  content: string | null;
  name: string;
}

/** Words, as a part of a message. */
export interface ChatTextPart {
  type: "text";
  text: string;
}

/** A refusal, as a part of a message. */
export interface ChatRefusalPart {
  type: "refusal";
  refusal: string;
}

/** A part of a user's message. */
export type ChatContentPart =
  | ChatTextPart
  | { type: "image_url"; image_url: { url: string; detail?: "auto" | "low" | "high" | "original" } }
  | { type: "input_audio"; input_audio: { data: string; format: "wav" | "mp3" } }
  | { type: "file"; file: { file_data?: string; file_id?: string; filename?: string } };

/** What the model may call. */
export type ChatTool = ChatFunctionTool | ChatCustomTool;

/** A function the model may call. */
export interface ChatFunctionTool {
  type: "function";
  function: {
    name: string;
    description?: string;
    /** JSON Schema of the arguments. */
    parameters?: Record<string, unknown>;
    strict?: boolean | null;
  };
}

/** A tool that takes a text which is no JSON. */
export interface ChatCustomTool {
  type: "custom";
  custom: {
    name: string;
    description?: string;
    format?: { type: "text" } | { type: "grammar"; grammar: { definition: string; syntax: "lark" | "regex" } };
  };
}

/** A call of a tool. All that this package gives are of functions. */
export type ChatToolCall = ChatFunctionCall | ChatCustomCall;

/** A call of a function. */
export interface ChatFunctionCall {
  id: string;
  type: "function";
  function: {
    name: string;
    /** The arguments as a JSON text, as the model wrote it: it may not be JSON after all. */
    arguments: string;
    /** Their value, `null` if they are no JSON, `{}` if there are none; see `ReadOptions.json`. */
    parsed_arguments?: unknown;
  };
  /** What Anthropic's models thought before this call, signed. */
  thinking_blocks?: Record<string, unknown>[];
  /** What Gemini wants back with this call: `{ google: { thought_signature } }`. */
  extra_content?: Record<string, unknown>;
}

/** A call of a tool that takes a text. */
export interface ChatCustomCall {
  id: string;
  type: "custom";
  custom: { name: string; input: string };
  function?: never;
}

/** One piece of a streamed answer. */
export interface ChatChunk {
  /** The same in all chunks of an answer. */
  id: string;
  object: "chat.completion.chunk";
  /** Seconds since 1970. */
  created: number;
  model: string;
  /** Empty in the chunk that carries the usage. */
  choices: ChatChunkChoice[];
  /** In the last chunk, if `stream_options.include_usage` asked for it. */
  usage?: ChatUsage | null;
  service_tier?: ChatServiceTier | null;
  system_fingerprint?: string;
}

/** Why a message ended. An upstream's own word is passed on as well. */
export type ChatFinishReason = "stop" | "length" | "tool_calls" | "content_filter" | "function_call";

/** What a chunk adds to one of the alternatives. */
export interface ChatChunkChoice {
  index: number;
  delta: ChatDelta;
  /** In the alternative's last chunk. */
  finish_reason: ChatFinishReason | null;
  logprobs?: ChatLogprobs | null;
}

/** What a chunk adds to a message. */
export interface ChatDelta {
  role?: "developer" | "system" | "user" | "assistant" | "tool";
  content?: string | null;
  refusal?: string | null;
  /** What the model thinks before it answers, where an upstream tells or `thinkTags` is set. */
  reasoning_content?: string | null;
  tool_calls?: ChatToolCallDelta[];
  /** A piece of what it says aloud: `data` in base64 and `transcript` are to be appended. */
  audio?: { id?: string; data?: string; transcript?: string; expires_at?: number };
  /** @deprecated `tool_calls` have replaced it. */
  function_call?: { name?: string; arguments?: string };
}

/** A piece of a call of a tool; pieces with the same `index` belong together. */
export interface ChatToolCallDelta {
  index: number;
  id?: string;
  type?: "function" | "custom";
  function?: { name?: string; arguments?: string };
  custom?: { name?: string; input?: string };
}

/** A whole answer. `Parsed` is what its JSON is taken to be. */
export interface ChatCompletion<Parsed = unknown> {
  id: string;
  object: "chat.completion";
  /** Seconds since 1970; 0 if the upstream did not tell. */
  created: number;
  model: string;
  choices: ChatChoice<Parsed>[];
  usage?: ChatUsage;
  service_tier?: ChatServiceTier | null;
  system_fingerprint?: string;
}

/** One of the alternatives of an answer. */
export interface ChatChoice<Parsed = unknown> {
  index: number;
  message: {
    role: "assistant";
    /** `null` if there are no words, as with calls of functions alone. */
    content: string | null;
    refusal: string | null;
    reasoning_content?: string;
    tool_calls?: ChatToolCall[];
    /** What Anthropic's models thought before their words, signed: it goes back with the message. */
    thinking_blocks?: Record<string, unknown>[];
    /** What Gemini wants back with the message. */
    extra_content?: Record<string, unknown>;
    /** Pictures of Gemini's, each with a `data:` address. */
    images?: { type: "image_url"; image_url: { url: string } }[];
    /** What it said aloud, `data` in base64. */
    audio?: { id: string; data: string; transcript: string; expires_at: number } | null;
    /** What it cites. */
    annotations?: { type: "url_citation"; url_citation: { start_index: number; end_index: number; title: string; url: string } }[];
    /** @deprecated `tool_calls` have replaced it. */
    function_call?: { name: string; arguments: string } | null;
    /** The value of its content, `null` for a refusal or calls of functions; see `ReadOptions.json`. */
    parsed?: Parsed | null;
  };
  logprobs: ChatLogprobs | null;
  finish_reason: ChatFinishReason;
}

/** An answer that is not whole: what came of it. Where JSON was asked for, `parsed` is `null` unless it is whole. */
export interface ChatPartial extends Omit<ChatCompletion, "choices"> {
  choices: (Omit<ChatChoice, "finish_reason"> & {
    /** `null` if it broke off before. */
    finish_reason: ChatFinishReason | null;
  })[];
}

/** Log probabilities of the tokens of an answer. */
export interface ChatLogprobs {
  content: ChatTokenLogprob[] | null;
  refusal: ChatTokenLogprob[] | null;
}

/** A token, its log probability, and those of its likeliest alternatives. */
export interface ChatTokenLogprob {
  token: string;
  logprob: number;
  bytes: number[] | null;
  top_logprobs: { token: string; logprob: number; bytes: number[] | null }[];
}

/** Tokens used. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number };
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    accepted_prediction_tokens?: number;
    rejected_prediction_tokens?: number;
  };
}
