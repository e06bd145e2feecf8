// Everything the package exports, whichever entry a runtime picks.

export { ChatClient } from "./client.js";
export { ChatEndpoint } from "./endpoint.js";
export { SessionEndpoint } from "./sessionEndpoint.js";
export { ChatStream } from "./stream.js";
export { LiveAvatar } from "./liveavatar.js";
export { buildSessionToken } from "./build.js";
export { schemas } from "./schemas.js";
export { validateChatRequest, validateContext, validateLlmConfiguration, validateSecret, validateSessionToken } from "./validate.js";
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
export type { SessionEndpointOptions } from "./sessionEndpoint.js";
export type { Issue } from "./errors.js";
export type {
  ConnectedLlm,
  ConnectLlmOptions,
  ConnectOptions,
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
export type { Avatar, Avatars, AvatarUpdate } from "./avatar.js";
export type { LiteSessionOptions, SessionOptions } from "./build.js";
export type { StandardIssue, StandardSchema } from "./schemas.js";
export type { Context, ContextRequest, Contexts, ListedContext } from "./context.js";
export type { Embed, EmbedRequest } from "./embed.js";
export type { CreatedMemory, ListedMemory, Memories, Memory, MemoryRequest } from "./memory.js";
export type { Listing, Open, Page, PageQuery } from "./page.js";
export type { ListedVoiceAgent, ThirdPartyVoiceRequest, Voice, VoiceAgent, VoiceAgents, Voices } from "./voice.js";
export type { ListedSecret, Secret, SecretRequest, SecretType } from "./secret.js";
export type {
  AvatarPersona,
  CommonSessionTokenRequest,
  EndReason,
  FullSessionTokenRequest,
  LiteSessionTokenRequest,
  Session,
  SessionQuery,
  SessionTarget,
  SessionToken,
  SessionTokenRequest,
  StartedSession,
  Transcript,
  TranscriptLine,
  TranscriptQuery,
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
