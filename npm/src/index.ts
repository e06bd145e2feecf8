// Everything the package exports, whichever entry a runtime picks.

export { ChatClient } from "./client.js";
export { ChatEndpoint } from "./endpoint.js";
export { ChatStream } from "./stream.js";
export { LiveAvatar } from "./liveavatar.js";
export { validateContext, validateLlmConfiguration, validateSecret, validateSessionToken } from "./validate.js";
export {
  ApiError,
  ConnectionError,
  DeadlineError,
  LiveAvatarLlmError,
  StreamError,
  ValidationError,
} from "./errors.js";

export type { CallOptions, ClientOptions, Timeouts } from "./client.js";
export type { Auth, EndpointOptions, ExecutionContext, Line, SourceReport, ToolReport, TurnReport } from "./endpoint.js";
export type { Issue } from "./errors.js";
export type {
  ConnectedLlm,
  ConnectLlmOptions,
  LiveAvatarCallOptions,
  LiveAvatarOptions,
  LlmConfigurations,
  Secrets,
  Sessions,
} from "./liveavatar.js";
export type {
  ListedLlmConfiguration,
  LlmConfiguration,
  LlmConfigurationRequest,
  LlmConfigurationUpdate,
} from "./llmConfiguration.js";
export type { ListedSecret, Secret, SecretRequest, SecretType } from "./secret.js";
export type {
  AvatarPersona,
  CommonSessionTokenRequest,
  EndReason,
  FullSessionTokenRequest,
  LiteSessionTokenRequest,
  SessionTarget,
  SessionToken,
  SessionTokenRequest,
  StartedSession,
  VoiceSettings,
} from "./session.js";
export type { Source, Sourced, TurnInfo } from "./source.js";
export type { SpeechOptions } from "./speech.js";
export type { ServerTool, StandardJsonSchema } from "./tool.js";
export type { ReadOptions, StreamMetrics, StreamResponse } from "./stream.js";
export type {
  AnthropicUpstream,
  AzureUpstream,
  Common,
  Fetcher,
  GeminiUpstream,
  Key,
  OpenAIUpstream,
  Upstream,
  WorkersAIUpstream,
} from "./upstream.js";
export type { ChatCallSoFar, DeepPartial } from "./growing.js";
export type {
  ChatChoice,
  ChatChunk,
  ChatChunkChoice,
  ChatCompletion,
  ChatContentPart,
  ChatCustomCall,
  ChatCustomTool,
  ChatDelta,
  ChatFinishReason,
  ChatFunctionCall,
  ChatFunctionMessage,
  ChatFunctionTool,
  ChatLogprobs,
  ChatMessage,
  ChatPartial,
  ChatRefusalPart,
  ChatRequest,
  ChatServiceTier,
  ChatTextPart,
  ChatTokenLogprob,
  ChatTool,
  ChatToolCall,
  ChatToolCallDelta,
  ChatUsage,
} from "./chat.js";
