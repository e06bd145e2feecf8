// A session's payload out of what somebody would say in one breath.

import { json } from "./arguments.js";
import { fromModule } from "./errors.js";
import { instance } from "./instance.js";
import type { AvatarPersona, FullSessionTokenRequest, LiteSessionTokenRequest, SessionTokenRequest } from "./session.js";

/**
 * A session in FULL mode in one breath: the members of its persona stand beside the others, and what is `undefined` or `null` is
 * left out.
 */
export interface SessionOptions
  extends Omit<FullSessionTokenRequest, "avatar_id" | "avatar_persona" | "voice_agent">,
    Partial<AvatarPersona> {
  /** UUID of the avatar; in the sandbox it is by default the one that there is. */
  avatar_id?: string;
  /** UUID of an agent made in the dashboard, instead of a persona. */
  voice_agent_id?: string | null;
}

/** A session in LITE mode, as it is. */
export type LiteSessionOptions = Omit<LiteSessionTokenRequest, "avatar_id"> & { avatar_id?: string };

/**
 * Makes the payload of a session, for `sessions.createToken`. What `validateSessionToken` would call an error is thrown; its
 * warnings are not told.
 *
 * ```ts
 * const session = buildSessionToken({ is_sandbox: true, context_id: "5b9dba8a-aa31-11f0-a6ee-066a7fa2e369" });
 * // { mode: "FULL", avatar_id: "dd73…", is_sandbox: true, avatar_persona: { context_id: "5b9d…" } }
 * ```
 *
 * @throws ValidationError, with all issues, the warnings among them
 */
export function buildSessionToken(options: SessionOptions | LiteSessionOptions): SessionTokenRequest {
  const text = json(options, "", "the options");
  const exports = instance();
  try {
    return JSON.parse(exports.buildSessionToken(text)) as SessionTokenRequest;
  } catch (thrown) {
    throw fromModule(thrown, exports);
  }
}
