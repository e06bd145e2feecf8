// The client of LiveAvatar's API.

import { asking, type Fetcher, guardPage, type Key, sending } from "./access.js";
import { json, jsonOfOptions } from "./arguments.js";
import { fromModule, invalid } from "./errors.js";
import { instance } from "./instance.js";
import type {
  ListedLlmConfiguration,
  LlmConfiguration,
  LlmConfigurationRequest,
  LlmConfigurationUpdate,
} from "./llmConfiguration.js";
import { type Outside, Platform } from "./platform.js";
import type { ListedSecret, Secret, SecretRequest } from "./secret.js";
import type { EndReason, SessionTarget, SessionToken, SessionTokenRequest, StartedSession } from "./session.js";
import { seed } from "./stream.js";
import { access, type OpenAIUpstream } from "./upstream.js";

/** What may be set for a client of LiveAvatar. */
export interface LiveAvatarOptions {
  /** The API key, which belongs on a server. Sent as `X-API-KEY`, to `baseUrl` and nowhere else. */
  apiKey: Key;
  /** Where the service is; default `https://api.liveavatar.com`. */
  baseUrl?: string;
  /** What sends the requests; default: the global `fetch` at the time of the request. */
  fetch?: Fetcher;
  /** How long one attempt may take, in milliseconds, its answer included; default 15 000, `Infinity` is no limit. */
  timeoutMs?: number;
  /**
   * How often a failed attempt may be followed by another; default 2. After a 429, or where nothing was sent, every call is
   * made again; after a 5xx, a lost connection or a timeout only what may as well be carried out twice: reading, changing,
   * deleting, stopping a session and keeping it alive. A wait that the service asks for is kept, up to a minute.
   */
  maxRetries?: number;
  /** Allows the key in a page, where whoever opens the page can read it; default false. */
  dangerouslyAllowBrowser?: boolean;
}

/** Keys of other services, kept for LiveAvatar's use. They cannot be changed: make another and delete the old one. */
export interface Secrets {
  /** Keeps a key. */
  create(secret: SecretRequest): Promise<Secret>;
  /** All there are, the newest first; never their values. */
  list(): Promise<ListedSecret[]>;
  /** Deletes one. An LLM configuration that uses it breaks, and nobody says so. */
  delete(id: string): Promise<void>;
}

/** LLMs of your own, as sessions can use them. */
export interface LlmConfigurations {
  /** Makes one. The service does not look at the `base_url`; `validateLlmConfiguration` does. */
  create(configuration: LlmConfigurationRequest): Promise<LlmConfiguration>;
  /** All there are, the newest first; where they lead is told by `get` alone. */
  list(): Promise<ListedLlmConfiguration[]>;
  /** One of them. */
  get(id: string): Promise<LlmConfiguration>;
  /** Changes what is given. */
  update(id: string, changes: LlmConfigurationUpdate): Promise<LlmConfiguration>;
  /** Deletes one. Sessions that name it cannot start any more. */
  delete(id: string): Promise<void>;
}

/** Sessions: one is made with a token, started, kept alive and stopped. */
export interface Sessions {
  /**
   * Makes a session that may be started; this costs nothing (SEEN). What `validateSessionToken` calls an error is thrown
   * before anything is sent, unless `validate` is false.
   *
   * @throws ValidationError, with all issues, the warnings among them
   */
  createToken(session: SessionTokenRequest, options?: { validate?: boolean }): Promise<SessionToken>;
  /** Starts a session with its token; from here on it costs credits. It ends after five minutes without activity. */
  start(token: string | { session_token: string }): Promise<StartedSession>;
  /** Stops a session; one that is gone already is as good. `reason` is by default `USER_CLOSED`. */
  stop(target: SessionTarget, reason?: EndReason): Promise<void>;
  /** Keeps a session from ending for lack of activity; to be called every two or three minutes (GUIDE). */
  keepAlive(target: SessionTarget): Promise<void>;
}

/** An LLM that LiveAvatar knows. */
export interface ConnectedLlm {
  /** For the `llm_configuration_id` of a session. */
  llm_configuration_id: string;
  /** The secret with its key. */
  secret_id: string;
  /** What was done, in words; empty if all was as it should be. */
  did: string[];
}

/**
 * Calls LiveAvatar's API.
 *
 * ```ts
 * const liveAvatar = new LiveAvatar({ apiKey: () => process.env.LIVEAVATAR_API_KEY });
 * const { llm_configuration_id } = await liveAvatar.connectLlm({ baseUrl, apiKey, model }, { name: "My LLM" });
 * const { session_token } = await liveAvatar.sessions.createToken({
 *   mode: "FULL", avatar_id, llm_configuration_id, avatar_persona: { voice_id, context_id },
 * });
 * ```
 *
 * What fails is thrown: a `ValidationError` before anything was sent, an `ApiError` with the service's own words, a
 * `ConnectionError`, or a `DeadlineError` of phase `attempt`. None holds a key or a token.
 *
 * All methods are bound: `const { sessions, connectLlm } = liveAvatar` works.
 */
export class LiveAvatar {
  readonly #outside: Outside;
  readonly #settings: string;

  /**
   * @throws ValidationError, with an issue for everything that is wrong in `options`
   */
  constructor(options: LiveAvatarOptions) {
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      throw invalid("", "wrong_type", "the options must be an object such as { apiKey }");
    }
    const { apiKey, fetch, dangerouslyAllowBrowser, ...settings } = options;
    if (apiKey === undefined) throw invalid("/apiKey", "missing", "`apiKey` is missing: give LiveAvatar's key, or a function that gives it");
    this.#outside = { key: asking(apiKey), fetch: sending(fetch), memory: { names: 0 } };
    guardPage(dangerouslyAllowBrowser);
    this.#settings = jsonOfOptions(settings);
    const exports = instance();
    try {
      exports.checkSettings(this.#settings);
    } catch (thrown) {
      throw fromModule(thrown, exports);
    }
  }

  /** Keys of other services, kept for LiveAvatar's use. */
  readonly secrets: Secrets = {
    create: (payload) => this.#perform("secrets.create", { payload }),
    list: () => this.#perform("secrets.list"),
    delete: (id) => this.#perform("secrets.delete", { id }),
  };

  /** LLMs of your own, as sessions can use them. */
  readonly llmConfigurations: LlmConfigurations = {
    create: (payload) => this.#perform("llmConfigurations.create", { payload }),
    list: () => this.#perform("llmConfigurations.list"),
    get: (id) => this.#perform("llmConfigurations.get", { id }),
    update: (id, payload) => this.#perform("llmConfigurations.update", { id, payload }),
    delete: (id) => this.#perform("llmConfigurations.delete", { id }),
  };

  /** Sessions. */
  readonly sessions: Sessions = {
    createToken: (payload, options) => this.#perform("sessions.createToken", { payload, validate: options?.validate }),
    start: (target) => this.#perform("sessions.start", { target }),
    stop: (target, reason) => this.#perform("sessions.stop", { target, reason }),
    keepAlive: (target) => this.#perform("sessions.keepAlive", { target }),
  };

  /**
   * Makes an LLM known to LiveAvatar, so that sessions can use it: a secret with its key, and a configuration of this name
   * that leads to it. Call it as often as you like: what is there already stays, what differs is changed, and what an earlier
   * call left is cleared away. A key that has changed shows by a short fingerprint in the secret's name: it gets a new secret,
   * and the old one is deleted.
   *
   * LiveAvatar calls `baseUrl` + `/chat/completions` with the key as Bearer token and nothing else. What needs more (another
   * provider, headers, a query, defaults) goes behind a `ChatEndpoint`, and that is connected.
   *
   * If it fails, what this call made and nothing uses is taken back.
   *
   * @throws ValidationError, with an issue for everything that LiveAvatar could not do
   */
  connectLlm = async (upstream: OpenAIUpstream, options: { name: string }): Promise<ConnectedLlm> => {
    const { key, rest } = access(upstream);
    return this.#perform("connectLlm", { upstream: rest, name: options?.name, key: await key() });
  };

  async #perform<Answer>(method: string, given: object = {}): Promise<Answer> {
    const text = json(given, "", "what is sent");
    const exports = instance();
    const platform = new Platform(this.#outside);
    try {
      const data = JSON.parse(await exports.perform(method, text, this.#settings, seed(), platform)) as Answer | null;
      return (data ?? undefined) as Answer;
    } catch (thrown) {
      throw fromModule(thrown, exports, platform.cause === undefined ? undefined : { cause: platform.cause });
    }
  }
}
