// Stand-ins for the providers that have dialects of their own: scripted, and as strict about requests as their references say.
//
//   import { startProviders } from "./providers.js";
//   const providers = await startProviders();
//   providers.anthropic, .gemini, .azure     addresses, as each provider's own package wants its base URL
//   providers.requests                       every request, newest last: { provider, url, headers, body }
//   await providers.close()
//
// The key is KEY everywhere. The model (with Azure, the deployment) names what is answered: `hello`, `tools`, `thinking`, `cache`,
// `refusal`, `error` (midway) and `busy` (a refusal with status 529 or 503, once). Conversations that have a tool's result are
// answered with its words.

import { anthropic } from "./providers/anthropic.js";
import { azure } from "./providers/azure.js";
import { gemini } from "./providers/gemini.js";
import { listen, readBody } from "./loopback.js";

export const KEY = "sk-standin-0123456789";

/** A request that a provider does not take. */
export class Refusal extends Error {
  /** @param {string} message @param {number} [status] */
  constructor(message, status = 400) {
    super(message);
    this.status = status;
  }
}

/** @param {unknown} holds @param {string} message @param {number} [status] */
export function must(holds, message, status) {
  if (!holds) throw new Refusal(message, status);
}

/** Refuses members that are not known. @param {object} value @param {string[]} known @param {string} path */
export function only(value, known, path) {
  must(typeof value === "object" && value !== null && !Array.isArray(value), `${path}: Input should be an object`);
  for (const name of Object.keys(value)) must(known.includes(name), `${path}.${name}: Extra inputs are not permitted`);
}

const PROVIDERS = { anthropic, gemini, azure };

/**
 * @param {{ port?: number }} [options]
 */
export async function startProviders({ port = 0 } = {}) {
  const requests = [];
  const busy = new Set();
  const server = await listen({
    port,
    handle: async (request, response) => {
      const url = new URL(request.url, "http://stand-in");
      const text = await readBody(request);
      const name = url.pathname.split("/")[1];
      const provider = PROVIDERS[name];
      if (!provider) return void response.writeHead(404).end();
      let status = 400;
      try {
        let body;
        try {
          body = JSON.parse(text);
        } catch {
          throw new Refusal("The request body is not valid JSON.");
        }
        requests.push({ provider: name, url, headers: request.headers, body });
        must(request.method === "POST", "Method not allowed", 405);
        const { script, answer } = provider.take({ path: url.pathname.slice(name.length + 1), url, headers: request.headers, body });
        if (script === "busy" && !busy.has(name)) {
          busy.add(name);
          throw new Refusal("Overloaded", name === "anthropic" ? 529 : 503);
        }
        response.writeHead(200, { "content-type": answer.startsWith("{") ? "application/json" : "text/event-stream" });
        response.end(answer);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        ({ status } = error);
        const refusal = { "content-type": "application/json", "retry-after-ms": "1" };
        response.writeHead(status, refusal).end(JSON.stringify(provider.refusal(error)));
      }
    },
  });
  return {
    anthropic: `${server.url}/anthropic`,
    gemini: `${server.url}/gemini`,
    azure: `${server.url}/azure`,
    requests,
    close: server.close,
  };
}
