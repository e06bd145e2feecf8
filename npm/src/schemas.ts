// The validators as Standard Schema (standardschema.dev, version 1), for routers and forms that know that.

import type { ChatRequest } from "./chat.js";
import type { ContextRequest } from "./context.js";
import type { Issue } from "./errors.js";
import type { LlmConfigurationRequest } from "./llmConfiguration.js";
import type { SecretRequest } from "./secret.js";
import type { SessionTokenRequest } from "./session.js";
import { validateChatRequest, validateContext, validateLlmConfiguration, validateSecret, validateSessionToken } from "./validate.js";

/** What is wrong with a value, and the way to it. */
export interface StandardIssue {
  readonly message: string;
  /** Names and, in lists, numbers. */
  readonly path: readonly (string | number)[];
}

/** A schema that leaves a value as it is (Standard Schema v1). */
export interface StandardSchema<Value> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "liveavatar-llm";
    readonly validate: (value: unknown) => { readonly value: Value; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };
    readonly types?: { readonly input: Value; readonly output: Value } | undefined;
  };
}

/**
 * The validators as Standard Schemas. They tell errors only: of what the service accepts in silence, the functions tell.
 *
 * ```ts
 * app.post("/session", sValidator("json", schemas.sessionToken)); // @hono/standard-validator
 * ```
 */
export const schemas: {
  readonly sessionToken: StandardSchema<SessionTokenRequest>;
  readonly secret: StandardSchema<SecretRequest>;
  readonly llmConfiguration: StandardSchema<LlmConfigurationRequest>;
  readonly context: StandardSchema<ContextRequest>;
  readonly chatRequest: StandardSchema<ChatRequest>;
} = /* @__PURE__ */ Object.freeze({
  sessionToken: schema<SessionTokenRequest>(validateSessionToken),
  secret: schema<SecretRequest>(validateSecret),
  llmConfiguration: schema<LlmConfigurationRequest>(validateLlmConfiguration),
  context: schema<ContextRequest>(validateContext),
  chatRequest: schema<ChatRequest>(validateChatRequest),
});

function schema<Value>(find: (value: unknown) => Issue[]): StandardSchema<Value> {
  return {
    "~standard": {
      version: 1,
      vendor: "liveavatar-llm",
      validate(value) {
        const errors = find(value).filter(({ severity }) => severity === "error");
        if (errors.length === 0) return { value: value as Value };
        return { issues: errors.map(({ message, path }) => ({ message, path: way(path, value) })) };
      },
    },
  };
}

/** A JSON pointer (RFC 6901) as the way through a value. */
function way(pointer: string, value: unknown): (string | number)[] {
  let inside = value;
  return pointer.split("/").slice(1).map((part) => {
    const name = part.replace(/~1/g, "/").replace(/~0/g, "~");
    let key: string | number = name;
    try {
      if (Array.isArray(inside)) key = Number(name);
      inside = (inside as Record<string | number, unknown> | null | undefined)?.[key];
    } catch {
      inside = undefined; // Its getters and traps may do anything.
    }
    return key;
  });
}
