// Sessions on the wire. Names are the wire's. SPEC is the reference of LiveAvatar's API, GUIDE its documentation, SEEN what
// was recorded against the live service.

import type { Open, PageQuery } from "./page.js";

/** What a session is asked to be. A token cannot be changed: for another session, make another (GUIDE). */
export type SessionTokenRequest = FullSessionTokenRequest | LiteSessionTokenRequest;

/** What sessions of both modes have (SPEC). */
export interface CommonSessionTokenRequest {
  /** UUID of the avatar. */
  avatar_id: string;
  /** Costs nothing, lasts a minute, and has one avatar only, `dd73ea75-1218-4ef3-92ce-606d5f7fbc0a`; default false. */
  is_sandbox?: boolean;
  /** What the video is like. */
  video_settings?: {
    /** 1080p, 720p, 480p or 360p; default `high`. */
    quality?: "very_high" | "high" | "medium" | "low";
    /** Default `H264`. */
    encoding?: "VP8" | "H264";
  } | null;
  /** In seconds; it can only shorten what the account's plan allows, and more is refused. In the sandbox at most 60. */
  max_session_duration?: number | null;
}

/** A session in which LiveAvatar listens, asks an LLM and speaks. Give exactly one of `avatar_persona` and `voice_agent`. */
export interface FullSessionTokenRequest extends CommonSessionTokenRequest {
  /** Leave it out only with a voice agent whose type decides the mode (GUIDE); default `FULL`. */
  mode?: "FULL";
  /** Who the avatar is. */
  avatar_persona?: AvatarPersona | null;
  /** Who the avatar is, as made in the dashboard (GUIDE). */
  voice_agent?: {
    /** UUID of the agent. */
    id: string;
    /** Instead of the agent's. */
    language?: string;
    /** Like those of the session. */
    dynamic_variables?: Record<string, string | null> | null;
  } | null;
  /** Whether it listens all the time, or only while told to; default `CONVERSATIONAL`. */
  interactivity_type?: "CONVERSATIONAL" | "PUSH_TO_TALK";
  /**
   * The LLM of your own that answers, as `connectLlm` gives it. Whether there is one of this id shows at the start of the
   * session only; inside `avatar_persona` it has no effect (SEEN).
   */
  llm_configuration_id?: string | null;
  /**
   * Fill `${name}` in the context: at most 50, names of at most 64 characters, values of at most 1000. With a `voice_agent`
   * they stand inside it.
   */
  dynamic_variables?: Record<string, string | null> | null;
  /** What is remembered of earlier sessions. Both given must mean one memory. */
  memory?: { prev_session_id?: string | null; session_memory_id?: string | null } | null;
}

/** Who an avatar is (SPEC). */
export interface AvatarPersona {
  /** UUID; default: the avatar's own voice, which avatars made from a picture do not have. */
  voice_id?: string | null;
  /** UUID. Without a context the avatar listens and answers nothing, and no error is raised (GUIDE: «restricted mode»). */
  context_id?: string | null;
  /** Default `en`. */
  language?: string;
  /** How the voice speaks. */
  voice_settings?: VoiceSettings | null;
  /** How it listens. Without a `provider` the service chooses. */
  stt_config?: { provider?: "deepgram" | "assembly_ai" | "gladia" | "elevenlabs" } | null;
  /**
   * One of LiveAvatar's own models (GUIDE). Not for an LLM of your own, nor beside one: which of the two wins is not
   * documented.
   */
  llm_settings?: { provider: string; model: string } | null;
}

/** How a voice speaks, by its provider (SPEC; `cartesia` GUIDE). */
export type VoiceSettings =
  | {
      provider: "elevenLabs";
      /** 0.8 to 1.2; default 1. */
      speed?: number;
      /** 0 to 1; default 0.75. */
      stability?: number;
      /** 0 to 1; default 0.75. */
      similarity_boost?: number;
      /** 0 to 1; default 0. */
      style?: number;
      /** Default true. */
      use_speaker_boost?: boolean;
      /** Default `eleven_flash_v2_5`. */
      model?: "eleven_flash_v2_5" | "eleven_multilingual_v2";
      /** For `language` `ja` only; default false. */
      apply_language_text_normalization?: boolean;
    }
  | {
      provider: "fish";
      /** 0.8 to 1.2; default 1. */
      speed?: number;
      /** Default `s2`. */
      model?: "s1" | "s2";
      /** Default `balanced`. */
      latency_mode?: "normal" | "balanced";
    }
  | {
      provider: "cartesia";
      /** What else it takes is not documented. */
      [member: string]: unknown;
    };

/** A session whose speech somebody else makes. There is no `llm_configuration_id` here. */
export interface LiteSessionTokenRequest extends CommonSessionTokenRequest {
  mode: "LITE";
  /** A LiveKit room of your own. */
  livekit_config?: { livekit_url: string; livekit_room: string; livekit_client_token: string } | null;
  /** An Agora channel of your own. */
  agora_config?: { agora_app_id: string; agora_token: string; agora_channel: string; agora_uid: string } | null;
  /** An agent of ElevenLabs. */
  elevenlabs_agent_config?: {
    /** UUID of a secret of type `ELEVENLABS_API_KEY`. */
    secret_id: string;
    agent_id: string;
    voice_id?: string | null;
    dynamic_variables?: Record<string, string | number | boolean> | null;
  } | null;
  /** A realtime model of OpenAI. */
  openai_realtime_config?: {
    /** UUID of a secret of type `OPENAI_API_KEY`. */
    secret_id: string;
    context_id?: string | null;
    /** Default `alloy`. */
    voice?:
      | "alloy" | "ash" | "ballad" | "coral" | "echo" | "fable" | "onyx" | "nova" | "shimmer" | "sage" | "verse" | "marin"
      | "cedar";
    /** 0.6 to 1.2; default 0.8. */
    temperature?: number;
    /** Default `gpt-realtime`. */
    model?: string;
  } | null;
  /** A realtime model of Google. */
  gemini_realtime_config?: {
    /** UUID of a secret of type `GEMINI_API_KEY`. */
    secret_id: string;
    context_id?: string | null;
    /** The name of one of 30 stars; default `Puck`. */
    voice?: string;
    /** 0 to 2; default 0.8. */
    temperature?: number;
    /** Default `gemini-3.1-flash-live-preview`. */
    model?: "gemini-3.1-flash-live-preview" | "gemini-2.5-flash-native-audio-preview-12-2025";
  } | null;
  /** An agent of Cartesia (GUIDE); what else it takes is not documented. */
  cartesia_agent_config?: { secret_id: string; agent_id: string; [member: string]: unknown } | null;
}

/** A session that may be started. */
export interface SessionToken {
  /** UUID. */
  session_id: string;
  /** Starts this session, keeps it alive and stops it. A page may hold it. How long it lives is not documented. */
  session_token: string;
}

/** A session that has started (SPEC). */
export interface StartedSession {
  session_id: string;
  /** Where the room is; begins with `wss://`. */
  livekit_url: string;
  /** Lets a page into the room. */
  livekit_client_token: string;
  /** Lets an agent of your own into the room. */
  livekit_agent_token?: string | null;
  /** In seconds, as it is in force. */
  max_session_duration?: number | null;
  /** Where commands go in a LITE session without a connector. */
  ws_url?: string | null;
}

/** Which session is meant: by its token, or by its id, for which the API key is used. */
export type SessionTarget = string | { session_token: string } | { session_id: string };

/** Why a session ended (SPEC). */
export type EndReason =
  | "UNKNOWN"
  | "USER_DISCONNECTED"
  | "SERVER_ERROR"
  | "IDLE_TIMEOUT"
  | "NO_CREDITS"
  | "USER_CLOSED"
  | "AVATAR_DELETED"
  | "MAX_DURATION_REACHED"
  | "ZOMBIE_SESSION_REAP"
  | "AGENT_HANG_UP";

/** A session that is or was (SPEC). */
export interface Session {
  /** UUID. */
  id: string;
  created_at: string;
  updated_at: string;
  /** The unit is not documented; seconds are likely. */
  duration: number;
  source: Open<"DEMO" | "APP" | "API" | "EMBED">;
  mode: Open<"FULL" | "LITE">;
  is_sandbox: boolean;
  credits_consumed: number;
  /** Once it has ended. */
  end_at?: string | null;
  /** Once it has ended. */
  end_reason?: Open<EndReason> | null;
}

/** Which sessions are wanted (SPEC). */
export interface SessionQuery extends PageQuery {
  /** Those that are, or those that were. */
  type: Open<"active" | "historic">;
  avatar_id?: string;
  embed_id?: string;
  context_id?: string;
}

/** Which part of a transcript is wanted (SPEC); in which unit is not documented. */
export interface TranscriptQuery {
  start_timestamp?: number;
  end_timestamp?: number;
}

/** What was said in a session (SPEC). */
export interface Transcript {
  session_active: boolean;
  /** Where to go on, while the session lasts. */
  next_timestamp?: number | null;
  transcript_data: TranscriptLine[];
}

/** One thing that was said (SPEC). In which unit times are is not documented. */
export interface TranscriptLine {
  role: Open<"user" | "avatar">;
  transcript: string;
  absolute_timestamp: number;
  relative_timestamp: number;
}
