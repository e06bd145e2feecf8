// Voices and voice agents on the wire. Names are the wire's.

import type { LiveAvatarCallOptions } from "./liveavatar.js";
import type { Listing, Open, PageQuery } from "./page.js";
import type { AvatarPersona } from "./session.js";

/** A voice (SPEC). */
export interface Voice {
  /** UUID. */
  id: string;
  name: string;
  description?: string | null;
  language: string;
  gender: string;
  created_at: string;
  updated_at: string;
  tags: string[];
}

/** A voice of another provider that is to be used (SPEC). */
export interface ThirdPartyVoiceRequest {
  /** The provider's id of it. */
  provider_voice_id: string;
  /** The secret with the provider's key. */
  secret_id: string;
  name?: string | null;
}

/** Voices. */
export interface Voices {
  /** Those of a type: `public`, the default, or `private`. */
  list(query?: PageQuery & { voice_type?: Open<"public" | "private"> }, options?: LiveAvatarCallOptions): Listing<Voice>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<Voice>;
  /** Renames one: 1 to 64 characters. */
  update(id: string, changes: { name: string }, options?: LiveAvatarCallOptions): Promise<Voice>;
  /** Deletes one. */
  delete(id: string, options?: LiveAvatarCallOptions): Promise<void>;
  /** How it sounds. */
  preview(id: string, options?: LiveAvatarCallOptions): Promise<{ audio_base64: string }>;
  /** Brings one from another provider. The `voice_id` that it gives is the one to use, not the provider's. */
  thirdParty(voice: ThirdPartyVoiceRequest, options?: LiveAvatarCallOptions): Promise<{ voice_id: string }>;
}

/** A voice agent in the list of all; which members it has besides is not documented. */
export interface ListedVoiceAgent {
  id: string;
  /** With `elevenlabs_agent` a session is LITE, even where FULL was asked for (GUIDE). */
  agent_type: Open<"liveavatar_agent" | "elevenlabs_agent" | "cartesia_agent">;
  [member: string]: unknown;
}

/** A voice agent, as made in the dashboard (GUIDE). */
export interface VoiceAgent extends ListedVoiceAgent {
  /** Of a `liveavatar_agent` it is a persona; of others it is not documented. */
  agent_configuration: AvatarPersona | Record<string, unknown>;
}

/** Voice agents, which can only be looked at: they are made in the dashboard. */
export interface VoiceAgents {
  /** All there are, without their configurations. */
  list(options?: LiveAvatarCallOptions): Promise<ListedVoiceAgent[]>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<VoiceAgent>;
}
