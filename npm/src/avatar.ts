// Avatars on the wire. Names are the wire's.

import type { LiveAvatarCallOptions } from "./liveavatar.js";
import type { Listing, Open, PageQuery } from "./page.js";

/** An avatar (SPEC). */
export interface Avatar {
  /** UUID. */
  id: string;
  space_id?: string | null;
  /** `IMAGE` avatars have no voice of their own. */
  type: Open<"IMAGE" | "VIDEO">;
  status: Open<"ACTIVE" | "INIT" | "DEPLOYING" | "FAILED">;
  name: string;
  preview_url?: string | null;
  is_expired: boolean;
  default_voice?: { id: string; name: string } | null;
  is_1080p: boolean;
  created_at: string;
  updated_at: string;
  /** Why it has failed. */
  error_message: string | null;
}

/** Changes of an avatar: what is left out stays. */
export interface AvatarUpdate {
  name?: string;
  /** UUID of a voice. */
  default_voice_id?: string;
}

/** Avatars. */
export interface Avatars {
  /** One's own. */
  list(query?: PageQuery, options?: LiveAvatarCallOptions): Listing<Avatar>;
  /** Those that everybody may use. */
  listPublic(query?: PageQuery, options?: LiveAvatarCallOptions): Listing<Avatar>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<Avatar>;
  /** Changes what is given. */
  update(id: string, changes: AvatarUpdate, options?: LiveAvatarCallOptions): Promise<Avatar>;
  /** Takes one out of sight; the service keeps it (SPEC: «soft»). */
  delete(id: string, options?: LiveAvatarCallOptions): Promise<void>;
}
