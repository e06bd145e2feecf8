// Embeds on the wire: a page with an avatar, made by LiveAvatar. Names are the wire's.

import type { Open } from "./page.js";

/** An embed that is to be made (SPEC). None of its members chooses an LLM of your own. */
export interface EmbedRequest {
  /** UUID. */
  avatar_id: string;
  /** UUID; needed, unless `voice_agent_id` is given, with which it cannot be. */
  context_id?: string;
  /** UUID; instead of a context and a voice. */
  voice_agent_id?: string;
  voice_id?: string | null;
  /** Default `DEFAULT`. */
  type?: Open<"DEFAULT" | "WIDGET">;
  /** In seconds, more than 0. */
  max_session_duration?: number | null;
  /** At most 5 characters. */
  default_language?: string | null;
  /** Default false. The sandbox of embeds has an avatar of its own, `65f9e3c9-d48b-4118-b73a-4ae2e3cbb8f0`. */
  is_sandbox?: boolean;
  /** Default `horizontal`. */
  orientation?: Open<"horizontal" | "vertical">;
}

/** An embed (SPEC). */
export interface Embed {
  /** UUID. */
  embed_id: string;
  /** Where it is. */
  url: string;
  /** What a page can hold it with. */
  script?: string | null;
  orientation: Open<"horizontal" | "vertical">;
}
