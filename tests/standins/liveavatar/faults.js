// Failures on demand: the next request, or the next to one endpoint, goes wrong.

import { Refusal } from "./envelope.js";

/** What can happen. `refuse` gives the answer; the others do something to the connection. */
export const FAULTS = {
  concurrency: { refuse: ({ options }) => new Refusal(options.concurrencyStatus, "Session concurrency limit reached", { code: options.concurrencyCode }) },
  noCredits: { refuse: () => new Refusal(403, "No credits available", { code: 4033 }) },
  rateLimit: { refuse: ({ retryAfter = 1 }) => new Refusal(429, "Too many requests", { headers: { "retry-after": String(retryAfter), "x-ratelimit-reset": "1", "x-ratelimit-remaining": "0" } }) },
  invalidKey: { refuse: () => new Refusal(401, "Invalid API key") },
  serverError: { refuse: () => new Refusal(500, "Internal server error", { code: 5000 }) },
  refusal: { refuse: ({ status = 400, code, message = "Bad request error", data }) => new Refusal(status, message, { code, data }) },
  notJson: { html: true }, // a gateway's page, 502
  cut: { cut: true }, // the connection is dropped before an answer
  hang: { hang: true }, // no answer, until the client gives up
};

const MEMBERS = ["kind", "on", "times", "retryAfter", "status", "code", "message", "data"];

/**
 * @typedef {{ kind: keyof typeof FAULTS, on?: string, times?: number, retryAfter?: number, status?: number, code?: number, message?: string, data?: object[] }} Fault
 *   on: "POST /v1/sessions/start", "POST *", "/v1/secrets/{secret_id}" …; without it any request of the API. times: 1
 */

export class Faults {
  #planned = [];

  /** @param {Fault} fault */
  plan(fault) {
    if (!Object.hasOwn(FAULTS, fault?.kind)) throw new TypeError(`Unknown kind of fault ${JSON.stringify(fault?.kind)}. Known: ${Object.keys(FAULTS).join(", ")}.`);
    for (const name of Object.keys(fault)) if (!MEMBERS.includes(name)) throw new TypeError(`Unknown member "${name}" of a fault. Known: ${MEMBERS.join(", ")}.`);
    const [method, path] = /^(?:([A-Z*]+)(?: |$))?(.*)$/.exec(fault.on ?? "").slice(1);
    this.#planned.push({ ...fault, method, path, left: fault.times ?? 1 });
  }

  /** @returns {(Fault & { action: object }) | undefined} the fault that hits this request; it is used up */
  take(method, path, pattern) {
    const hit = this.#planned.find((fault) => [undefined, "*", method].includes(fault.method) && ["", "*", path, pattern].includes(fault.path));
    if (!hit) return undefined;
    if (--hit.left <= 0) this.#planned.splice(this.#planned.indexOf(hit), 1);
    return { ...hit, action: FAULTS[hit.kind] };
  }

  clear() {
    this.#planned = [];
  }
}
