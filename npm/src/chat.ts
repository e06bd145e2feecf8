// The wire's own vocabulary: OpenAI's chat completions (API reference, «Create chat completion» and «The chat completion
// chunk object»). Names are the wire's. Members that are not listed are passed on as they are, in both directions.

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
  /** The form the answer must have. */
  response_format?:
    | { type: "text" }
    | { type: "json_object" }
    | { type: "json_schema"; json_schema: { name: string; description?: string; schema?: Record<string, unknown>; strict?: boolean | null } };
  /** Functions the model may call. */
  tools?: ChatTool[];
  /** Whether and which of them it must call. */
  tool_choice?: "none" | "auto" | "required" | { type: "function"; function: { name: string } };
  /** Whether it may call several at once. */
  parallel_tool_calls?: boolean;
  /** How long a reasoning model thinks. */
  reasoning_effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | null;
  /** Always true on the wire, whatever is given: answers are streamed. */
  stream?: boolean | null;
  /** `include_usage: true` asks for token counts at the end of the stream. */
  stream_options?: { include_usage?: boolean; include_obfuscation?: boolean } | null;
  /** An id of the end user, for the provider. */
  user?: string;
}

/** A message of the conversation. */
export type ChatMessage =
  | { role: "system" | "developer"; content: string | ChatContentPart[]; name?: string }
  | { role: "user"; content: string | ChatContentPart[]; name?: string }
  | {
      role: "assistant";
      content?: string | ChatContentPart[] | null;
      name?: string;
      refusal?: string | null;
      tool_calls?: ChatToolCall[];
    }
  | { role: "tool"; content: string | ChatContentPart[]; tool_call_id: string };

/** A part of a message that is more than text. */
export type ChatContentPart =
  | { type: "text"; text: string }
  | { type: "refusal"; refusal: string }
  | { type: "image_url"; image_url: { url: string; detail?: "auto" | "low" | "high" } }
  | { type: "input_audio"; input_audio: { data: string; format: "wav" | "mp3" } }
  | { type: "file"; file: { file_data?: string; file_id?: string; filename?: string } };

/** A function the model may call. */
export interface ChatTool {
  type: "function";
  function: {
    name: string;
    description?: string;
    /** JSON Schema of the arguments. */
    parameters?: Record<string, unknown>;
    strict?: boolean | null;
  };
}

/** A call of a function. */
export interface ChatToolCall {
  id: string;
  type: "function";
  function: {
    name: string;
    /** The arguments as a JSON text, as the model wrote it: it may not be JSON after all. */
    arguments: string;
  };
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
  service_tier?: string | null;
  system_fingerprint?: string | null;
}

/** What a chunk adds to one of the alternatives. */
export interface ChatChunkChoice {
  index: number;
  delta: ChatDelta;
  /** `stop`, `length`, `tool_calls`, `content_filter` or the upstream's own word, in the alternative's last chunk. */
  finish_reason: string | null;
  logprobs?: ChatLogprobs | null;
}

/** What a chunk adds to a message. */
export interface ChatDelta {
  role?: string;
  content?: string | null;
  refusal?: string | null;
  /** What the model thinks before it answers, where an upstream tells. */
  reasoning_content?: string | null;
  tool_calls?: ChatToolCallDelta[];
}

/** A piece of a call of a function; pieces with the same `index` belong together. */
export interface ChatToolCallDelta {
  index: number;
  id?: string;
  type?: "function";
  function?: { name?: string; arguments?: string };
}

/** A whole answer. */
export interface ChatCompletion {
  id: string;
  object: "chat.completion";
  /** Seconds since 1970; 0 if the upstream did not tell. */
  created: number;
  model: string;
  choices: ChatChoice[];
  usage?: ChatUsage;
  service_tier?: string | null;
  system_fingerprint?: string;
}

/** One of the alternatives of an answer. */
export interface ChatChoice {
  index: number;
  message: {
    role: "assistant";
    /** `null` if there are no words, as with calls of functions alone. */
    content: string | null;
    refusal: string | null;
    reasoning_content?: string;
    tool_calls?: ChatToolCall[];
  };
  logprobs: ChatLogprobs | null;
  /** `null` in a partial answer that broke off before. */
  finish_reason: string | null;
}

/** Log probabilities of the tokens of an answer. */
export interface ChatLogprobs {
  content: ChatTokenLogprob[] | null;
  refusal?: ChatTokenLogprob[] | null;
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
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number } | null;
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    accepted_prediction_tokens?: number;
    rejected_prediction_tokens?: number;
  } | null;
}
