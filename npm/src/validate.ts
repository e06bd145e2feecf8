// Looking at payloads before they are sent.

import { json } from "./arguments.js";
import type { Context } from "./context.js";
import { fromModule, type Issue, ValidationError } from "./errors.js";
import { instance } from "./instance.js";

/** The longest payload that is looked at, in UTF-16 units of its JSON: far more than any that is meant. */
const LONGEST = 4 << 20;

let encoder: TextEncoder | undefined;

/**
 * Everything that is wrong with what a session is asked to be, FULL or LITE. Errors are what LiveAvatar would refuse;
 * warnings are what it accepts in silence and you would regret: a member that it ignores since it is misspelt or misplaced, no
 * context, an LLM of your own in LITE mode. It sends nothing, and never throws: what cannot be sent as JSON, or is longer than
 * 4 Mi characters, is an issue like any other. With the `context` of the session, as `contexts.get` gives it, dynamic
 * variables that it asks for and that are not given are warnings too.
 *
 * ```ts
 * for (const { path, message, suggestion } of validateSessionToken(payload)) console.log(path, message, suggestion);
 * ```
 *
 * A `suggestion` is a name or value to write instead, or, where it begins with a slash, the JSON pointer to where the member
 * belongs.
 */
export const validateSessionToken = (
  payload: unknown,
  options?: { context?: Pick<Context, "required_dynamic_variables"> | null },
): Issue[] => validate("sessionToken", payload, options?.context);

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

/** The same for what a model is asked. Members that OpenAI's reference does not have pass: upstreams have their own. */
export const validateChatRequest = (payload: unknown): Issue[] => validate("chatRequest", payload);

function validate(what: string, payload: unknown, context?: unknown): Issue[] {
  const text = written(payload);
  if (typeof text !== "string") return text;
  const asked = context === undefined || context === null ? undefined : written(context);
  const exports = instance();
  try {
    encoder ??= new TextEncoder();
    return exports.validate(what, encoder.encode(text), typeof asked === "string" ? asked : undefined) ?? [];
  } catch (thrown) {
    throw fromModule(thrown, exports);
  }
}

/** A value as JSON, or why it is none: its getters and traps may do anything. */
function written(value: unknown): string | Issue[] {
  let message = "the payload cannot be sent as JSON";
  let code = "not_json";
  try {
    const text = json(value, "", "the payload");
    if (text.length <= LONGEST) return text;
    [code, message] = ["too_large", `the payload is longer than ${LONGEST} characters`];
  } catch (error) {
    try {
      if (error instanceof ValidationError) return error.issues;
    } catch {
      // What was thrown cannot even be looked at.
    }
  }
  return [{ path: "", code, message, severity: "error" }];
}
