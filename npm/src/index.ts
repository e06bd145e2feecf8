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
export type { Auth, EndpointOptions, ExecutionContext, Line, TurnReport } from "./endpoint.js";
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
export type { StreamMetrics, StreamResponse } from "./stream.js";
export type { Common, Fetcher, Key, OpenAIUpstream, Upstream } from "./upstream.js";
export type {
  ChatChoice,
  ChatChunk,
  ChatChunkChoice,
  ChatCompletion,
  ChatContentPart,
  ChatDelta,
  ChatLogprobs,
  ChatMessage,
  ChatRequest,
  ChatTokenLogprob,
  ChatTool,
  ChatToolCall,
  ChatToolCallDelta,
  ChatUsage,
} from "./chat.js";
