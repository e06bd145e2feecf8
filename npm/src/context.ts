// Contexts on the wire: what an avatar is told to be, and what it says first. Names are the wire's.

import type { LiveAvatarCallOptions } from "./liveavatar.js";
import type { Listing, PageQuery } from "./page.js";

/** A context that is to be kept (SPEC). Changes of one must be whole too. How long its texts may be is not documented. */
export interface ContextRequest {
  name: string;
  /** What the avatar is told to be. `${name}` in it is filled by a session's `dynamic_variables`. */
  prompt: string;
  /** Said when a session starts; `null` says nothing, but it must be there. */
  opening_text: string | null;
  links?: { url: string; faq: string | null; id?: string }[] | null;
}

/** A context in the list of all (SPEC), which does not tell its texts. */
export interface ListedContext {
  /** UUID. */
  id: string;
  name: string;
  created_at: string;
  updated_at: string;
}

/** A context (SPEC). */
export interface Context extends ListedContext {
  prompt: string;
  opening_text?: string | null;
  links?: { id: string; url: string; faq: string | null }[] | null;
  /** The names found in `${…}`: what `dynamic_variables` must fill. */
  required_dynamic_variables: string[];
}

/** What avatars are told to be. */
export interface Contexts {
  /** Keeps one. `validateContext` tells what would be refused. */
  create(context: ContextRequest, options?: LiveAvatarCallOptions): Promise<Context>;
  /** All there are, without their texts. */
  list(query?: PageQuery, options?: LiveAvatarCallOptions): Listing<ListedContext>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<Context>;
  /** Replaces one: what is left out is refused. */
  update(id: string, context: ContextRequest, options?: LiveAvatarCallOptions): Promise<Context>;
  /** Deletes one. */
  delete(id: string, options?: LiveAvatarCallOptions): Promise<void>;
}
