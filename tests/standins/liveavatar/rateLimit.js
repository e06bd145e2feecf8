// Requests of one caller to one endpoint are counted in fixed windows of a second. The headers come with accepted and refused answers alike.
// Only X-RateLimit-Reset and Retry-After are documented; the names beside them are the usual ones, the body of a 429 is unknown.

import { Refusal } from "./envelope.js";

export class RateLimit {
  #windows = new Map();

  /**
   * @param {string} who caller and endpoint
   * @param {{ options: { rateLimit: number | null }, now: () => number }} service
   * @param {import("node:http").ServerResponse} response
   */
  count(who, service, response) {
    const { rateLimit } = service.options;
    if (rateLimit === null) return;
    const now = service.now();
    const window = Math.floor(now / 1000);
    const counted = this.#windows.get(who);
    const used = counted?.window === window ? counted.used + 1 : 1;
    this.#windows.set(who, { window, used });
    const left = String(Math.ceil(((window + 1) * 1000 - now) / 1000));
    response.setHeader("x-ratelimit-limit", String(rateLimit));
    response.setHeader("x-ratelimit-remaining", String(Math.max(0, rateLimit - used)));
    response.setHeader("x-ratelimit-reset", left);
    if (used > rateLimit) throw new Refusal(429, "Too many requests", { headers: { "retry-after": left } });
  }
}
