// What a developer gives to reach another service: a key, and a fetch of their own.

import { fromModule, invalid, LiveAvatarLlmError, type ValidationError } from "./errors.js";
import { instance } from "./instance.js";

/** An API key, or a function that is asked for it before each request. */
export type Key = string | (() => string | Promise<string>);

/** What sends requests: a function like `fetch`, or an object that has one, such as a service binding. */
export type Fetcher =
  | ((request: Request) => Response | Promise<Response>)
  | { fetch(request: Request): Response | Promise<Response> };

/**
 * A key as a function that is asked before each request; says what is wrong with it. `path` leads to what it is a member of,
 * `otherwise` ends the sentence about one that is empty or not set, and `name` is what it is called.
 * @internal
 */
export function asking(apiKey: unknown, path: string, otherwise: string, name = "apiKey"): () => Promise<string | undefined> {
  const at = `${path}/${name}`;
  if (apiKey === null) throw unset(at, otherwise, name);
  if (apiKey !== undefined && typeof apiKey !== "string" && typeof apiKey !== "function") {
    throw invalid(at, "wrong_type", `\`${name}\` must be a string, or a function that gives one`);
  }
  if (typeof apiKey === "string") checkKey(apiKey, at, name, otherwise);
  return async () => {
    if (typeof apiKey !== "function") return apiKey;
    const key: unknown = await apiKey();
    if (typeof key !== "string") throw invalid(at, "wrong_type", `the function given as \`${name}\` gave no string`);
    checkKey(key, at, name, otherwise);
    return key;
  };
}

/**
 * The error for a key that is given and not set.
 * @internal
 */
export function unset(path: string, otherwise: string, name = "apiKey"): ValidationError {
  return invalid(path, "unset", `\`${name}\` is given but undefined or null, perhaps a variable that is not set: give the key${otherwise}`);
}

/**
 * Refuses a key that no header can carry, at `path` and called `name`.
 * @internal
 */
export function checkKey(key: string, path: string, name: string, otherwise = ""): void {
  const exports = instance();
  try {
    exports.checkKey(key, path, name, otherwise);
  } catch (thrown) {
    throw fromModule(thrown, exports);
  }
}

/**
 * What sends requests, as a function that always gives a promise of a Response; says what is wrong with it.
 * @internal
 */
export function sending(fetcher: unknown, path = ""): (request: Request) => Promise<Response> {
  if (fetcher === undefined) {
    return async (request) => {
      if (typeof globalThis.fetch !== "function") {
        throw invalid(`${path}/fetch`, "missing", "this runtime has no global fetch: give one as `fetch`");
      }
      return globalThis.fetch(request);
    };
  }
  const given = fetcher as Fetcher | null;
  const call =
    typeof given === "function"
      ? given
      : typeof given === "object" && given !== null && typeof given.fetch === "function"
        ? (request: Request) => given.fetch(request)
        : undefined;
  if (!call) {
    throw invalid(`${path}/fetch`, "wrong_type", "`fetch` must be a function like fetch, or an object that has one");
  }
  return async (request) => {
    const response: unknown = await call(request);
    if (!isResponse(response)) throw invalid(`${path}/fetch`, "wrong_type", "the `fetch` that was given did not give a Response");
    if (isRead(response)) {
      throw invalid(`${path}/fetch`, "already_read", "the `fetch` that was given gave a Response that is already being read: give a new one");
    }
    return response;
  };
}

/**
 * Whether somebody has the body of a response already.
 * @internal
 */
export function isRead({ bodyUsed, body }: Response): boolean {
  return bodyUsed || body?.locked === true;
}

/**
 * Whether a value can be used as a Response, whichever realm or library it is from.
 * @internal
 */
export function isResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body } = value as Response;
  const readable = body === null || body === undefined || typeof body.getReader === "function";
  return typeof status === "number" && typeof headers?.entries === "function" && readable;
}

/**
 * Refuses a key in a page, unless it is allowed there.
 * @internal
 */
export function guardPage(isAllowed: boolean | undefined): void {
  if (isAllowed || typeof window !== "object" || typeof document !== "object") return;
  throw new LiveAvatarLlmError({
    code: "key_in_page",
    message:
      "this page would show the API key to everyone who opens it: call a server of yours that holds the key, " +
      "or set `dangerouslyAllowBrowser: true` if this page is yours alone",
  });
}
