// What goes over the wire to LiveAvatar, kept to be shown: with dots in place of everything that opens something.

/** Stands for a key. */
export const DOTS = "••••••••";

/** Members of requests and answers that open something, whatever their value. */
const OPENING = ["secret_value", "session_token", "livekit_client_token", "livekit_agent_token"];

/** Knows every key and token of this run, and makes what is shown free of them. */
export class Keys {
  #known = new Set();

  /** @param {...(string | undefined)} keys */
  add(...keys) {
    for (const key of keys) if (key) this.#known.add(key);
  }

  /** Learns the tokens in a value of the wire. @param {unknown} value */
  learn(value) {
    if (typeof value !== "object" || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (OPENING.includes(name) && typeof member === "string" && member !== DOTS) this.add(member);
      else this.learn(member);
    }
  }

  /**
   * The same value with dots for keys, at any depth and within longer texts.
   * @template T @param {T} value @returns {T}
   */
  hide(value) {
    if (typeof value === "string") return [...this.#known].reduce((text, key) => text.replaceAll(key, DOTS), value);
    if (Array.isArray(value)) return value.map((item) => this.hide(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [this.hide(name), this.hide(member)]));
  }
}

/**
 * A `fetch` that remembers.
 * @param {Keys} keys learn what the answers hold
 * @returns {{ fetch: (request: Request) => Promise<Response>, exchanges: object[] }} exchanges: as they happened, keys and all
 */
export function recorder(keys) {
  const exchanges = [];
  return {
    exchanges,
    fetch: async (request) => {
      const { method, url } = request;
      const exchange = { method, url, headers: Object.fromEntries(request.headers), body: json(await request.clone().text()) };
      exchanges.push(exchange);
      const start = performance.now();
      const response = await globalThis.fetch(request);
      exchange.status = response.status;
      exchange.answer = json(await response.clone().text());
      exchange.ms = Math.round(performance.now() - start);
      keys.learn(exchange.body);
      keys.learn(exchange.answer);
      return response;
    },
  };
}

/** The value of a JSON text; another text as it is; nothing for an empty one. */
function json(text) {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
