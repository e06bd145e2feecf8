// Which endpoint a request means. A known path with another verb is 405, an unknown path 404; hyphens and underscores are not the same.

import * as avatars from "./avatars.js";
import * as catalogue from "./catalogue.js";
import * as contexts from "./contexts.js";
import * as llmConfigurations from "./llmConfigurations.js";
import * as memory from "./memory.js";
import * as secrets from "./secrets.js";
import * as sessions from "./sessions.js";
import * as voices from "./voices.js";

const ALL = [secrets, llmConfigurations, contexts, sessions, avatars, voices, memory, catalogue].flatMap(({ routes }) => routes);

/**
 * @param {string} method
 * @param {string} path
 * @param {Record<string, any>} options verbs and paths may depend on them
 * @returns {{ route?: { method: string, pattern: string, auth: "key" | "bearer" | "either" | "none", handle: Function, status: number, message: string },
 *   params: Record<string, string>, allowed: string[] }} allowed: the verbs of that path
 */
export function findRoute(method, path, options) {
  const matches = ALL.map(([verb, place, auth, handle, status = 200, message = "Success"]) => ({ method: spelt(verb, options), pattern: spelt(place, options), auth, handle, status, message }))
    .map((route) => ({ route, params: match(route.pattern, path) }))
    .filter(({ params }) => params);
  // /v1/avatars/public is no avatar's id.
  const literal = matches.filter(({ route }) => route.pattern === path);
  const candidates = literal.length > 0 ? literal : matches;
  const found = candidates.find(({ route }) => route.method === method);
  return { route: found?.route, params: found?.params ?? {}, allowed: candidates.map(({ route }) => route.method) };
}

const spelt = (name, options) => (typeof name === "function" ? name(options) : name);

/** Every endpoint, as method and pattern. @param {Record<string, any>} options */
export const endpoints = (options) => ALL.map(([verb, place]) => `${spelt(verb, options)} ${spelt(place, options)}`);

function match(pattern, path) {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith("{")) params[part.slice(1, -1)] = decode(given[index]);
    else if (part !== given[index]) return undefined;
  }
  return Object.values(params).includes("") ? undefined : params;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
