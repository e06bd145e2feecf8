// Memories on the wire: what is kept of a session for the next one. Names are the wire's.

import type { LiveAvatarCallOptions } from "./liveavatar.js";
import type { Listing, Open, PageQuery } from "./page.js";

/** A memory that is to be made of a session (SPEC). */
export interface MemoryRequest {
  memory_type: Open<"session">;
  /** UUID of the session. */
  session_id: string;
}

/** A memory that was made (SPEC). */
export interface CreatedMemory {
  id: string;
  memory_type: Open<"session">;
  memory_content?: string | null;
  created_at: string;
}

/** A memory in the list of all (SPEC). */
export interface ListedMemory {
  id: string;
  memory_type: Open<"session">;
  memory_content_preview?: string | null;
  created_at: string;
  updated_at: string;
}

/** A memory (SPEC). */
export interface Memory extends CreatedMemory {
  updated_at: string;
  session_episodes: { session_id: string; sequence_num: number; summary: string; created_at: string }[];
}

/** What is remembered. */
export interface Memories {
  /** Makes one of a session. */
  create(memory: MemoryRequest, options?: LiveAvatarCallOptions): Promise<CreatedMemory>;
  /** All there are, or those of a type. */
  list(query?: PageQuery & { type?: Open<"session"> }, options?: LiveAvatarCallOptions): Listing<ListedMemory>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<Memory>;
  /** Deletes one. */
  delete(id: string, options?: LiveAvatarCallOptions): Promise<void>;
}
