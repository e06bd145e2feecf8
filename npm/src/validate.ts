// Looking at payloads before they are sent.

import { json } from "./arguments.js";
import { fromModule, type Issue, ValidationError } from "./errors.js";
import { instance } from "./instance.js";

let encoder: TextEncoder | undefined;

/**
 * Everything that is wrong with what a session is asked to be, FULL or LITE. Errors are what LiveAvatar would refuse;
 * warnings are what it accepts in silence and you would regret: a member that it ignores since it is misspelt or misplaced, no
 * context, an LLM of your own in LITE mode. It never throws, and sends nothing.
 *
 * ```ts
 * for (const { path, message, suggestion } of validateSessionToken(payload)) console.log(path, message, suggestion);
 * ```
 *
 * A `suggestion` is a name or value to write instead, or, where it begins with a slash, the JSON pointer to where the member
 * belongs.
 */
export const validateSessionToken = (payload: unknown): Issue[] => validate("sessionToken", payload);

/** The same for a secret. */
export const validateSecret = (payload: unknown): Issue[] => validate("secret", payload);

/**
 * The same for an LLM configuration, or for changes of one. LiveAvatar looks at no base URL; what it could not call is a
 * warning here.
 */
export const validateLlmConfiguration = (payload: unknown, options?: { update?: boolean }): Issue[] =>
  validate(options?.update ? "llmConfigurationUpdate" : "llmConfiguration", payload);

/** The same for a context, or for changes of one, which must be whole. */
export const validateContext = (payload: unknown): Issue[] => validate("context", payload);

function validate(what: string, payload: unknown): Issue[] {
  let text: string;
  try {
    text = json(payload, "", "the payload");
  } catch (error) {
    if (error instanceof ValidationError) return error.issues;
    throw error;
  }
  const exports = instance();
  try {
    encoder ??= new TextEncoder();
    return exports.validate(what, encoder.encode(text)) ?? [];
  } catch (thrown) {
    throw fromModule(thrown, exports);
  }
}
