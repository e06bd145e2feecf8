// The client of LiveAvatar's API.

import { asking, type Fetcher, guardPage, type Key, sending } from "./access.js";
import { checkedSignal, json, jsonOfOptions } from "./arguments.js";
import type { Avatars } from "./avatar.js";
import type { SessionOptions } from "./build.js";
import type { Contexts } from "./context.js";
import type { Embed, EmbedRequest } from "./embed.js";
import { ApiError, ConnectionError, DeadlineError, fromModule, invalid } from "./errors.js";
import { instance } from "./instance.js";
import type {
  ListedLlmConfiguration,
  LlmConfiguration,
  LlmConfigurationRequest,
  LlmConfigurationUpdate,
} from "./llmConfiguration.js";
import type { Memories } from "./memory.js";
import { type Listing, listing, type Page, type PageQuery } from "./page.js";
import { checkedEvery, pause } from "./pause.js";
import { type Outside, Platform } from "./platform.js";
import type { ListedSecret, Secret, SecretRequest } from "./secret.js";
import type {
  EndReason,
  Session,
  SessionQuery,
  SessionTarget,
  SessionToken,
  SessionTokenRequest,
  StartedSession,
  Transcript,
  TranscriptLine,
  TranscriptQuery,
} from "./session.js";
import { seed } from "./stream.js";
import { access, type OpenAIUpstream } from "./upstream.js";
import type { VoiceAgents, Voices } from "./voice.js";

/** What may be set for a client of LiveAvatar. */
export interface LiveAvatarOptions {
  /** The API key, which belongs on a server. Sent as `X-API-KEY`, to `baseUrl` and nowhere else. */
  apiKey: Key;
  /** Where the service is; default `https://api.liveavatar.com`. */
  baseUrl?: string;
  /** What sends the requests; default: the global `fetch` at the time of the request. */
  fetch?: Fetcher;
  /**
   * How long one attempt may take, in milliseconds, from asking for the key to the end of the answer; default 15 000,
   * `Infinity` is no limit.
   */
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

/** What may be set for one call. */
export interface LiveAvatarCallOptions {
  /** Ends the call when it is aborted, with its reason. What had been sent may have been carried out. */
  signal?: AbortSignal;
}

/** Keys of other services, kept for LiveAvatar's use. They cannot be changed: make another and delete the old one. */
export interface Secrets {
  /**
   * Keeps a key. What `validateSecret` calls an error is thrown before anything is sent, unless `validate` is false.
   *
   * @throws ValidationError, with all issues, the warnings among them
   */
  create(secret: SecretRequest, options?: { validate?: boolean } & LiveAvatarCallOptions): Promise<Secret>;
  /** All there are, the newest first; never their values. */
  list(options?: LiveAvatarCallOptions): Promise<ListedSecret[]>;
  /** Deletes one. An LLM configuration that uses it breaks, and nobody says so. */
  delete(id: string, options?: LiveAvatarCallOptions): Promise<void>;
}

/** LLMs of your own, as sessions can use them. */
export interface LlmConfigurations {
  /** Makes one. The service does not look at the `base_url`; `validateLlmConfiguration` does. */
  create(configuration: LlmConfigurationRequest, options?: LiveAvatarCallOptions): Promise<LlmConfiguration>;
  /** All there are, the newest first; where they lead is told by `get` alone. */
  list(options?: LiveAvatarCallOptions): Promise<ListedLlmConfiguration[]>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<LlmConfiguration>;
  /** Changes what is given. */
  update(id: string, changes: LlmConfigurationUpdate, options?: LiveAvatarCallOptions): Promise<LlmConfiguration>;
  /** Deletes one. Sessions that name it cannot start any more. */
  delete(id: string, options?: LiveAvatarCallOptions): Promise<void>;
}

/** Sessions: one is made with a token, started, kept alive and stopped. */
export interface Sessions {
  /**
   * Makes a session that may be started; this costs nothing (SEEN). What `validateSessionToken` calls an error is thrown
   * before anything is sent, unless `validate` is false.
   *
   * @throws ValidationError, with all issues, the warnings among them
   */
  createToken(session: SessionTokenRequest, options?: { validate?: boolean } & LiveAvatarCallOptions): Promise<SessionToken>;
  /** Starts a session with its token; from here on it costs credits. It ends after five minutes without activity. */
  start(token: string | { session_token: string }, options?: LiveAvatarCallOptions): Promise<StartedSession>;
  /**
   * Stops a session; one that is gone already, by the service's own word, is as good. `reason` is by default `USER_CLOSED`.
   */
  stop(target: SessionTarget, reason?: EndReason, options?: LiveAvatarCallOptions): Promise<void>;
  /**
   * Keeps a session from ending for lack of activity, which it does after five minutes (GUIDE): once, or, with `everyMs`, at
   * once and then again and again, until `signal` is aborted, which then ends it without an error. A call that got no answer or
   * failed on the service's side is made up for by the next one; one that is refused, as when the session has ended, is thrown.
   * Two or three minutes are advised (GUIDE).
   */
  keepAlive(target: SessionTarget, options?: { everyMs?: number } & LiveAvatarCallOptions): Promise<void>;
  /** Those that are, or those that were. */
  list(query: SessionQuery, options?: LiveAvatarCallOptions): Listing<Session>;
  /** One of them. */
  get(id: string, options?: LiveAvatarCallOptions): Promise<Session>;
  /** What was said in one, as far as it has come. */
  transcript(id: string, query?: TranscriptQuery, options?: LiveAvatarCallOptions): Promise<Transcript>;
  /**
   * What is said in one, line by line, until it has ended: asks every `everyMs` milliseconds, by default 2000, for what is new,
   * and gives each line once. An abort throws the signal's reason.
   */
  followTranscript(id: string, options?: { everyMs?: number } & LiveAvatarCallOptions): AsyncIterable<TranscriptLine>;
  /** Deletes what is kept of what happened in one, for good. */
  deleteEvents(id: string, options?: LiveAvatarCallOptions): Promise<void>;
}

/** How an LLM is made known. */
export interface ConnectLlmOptions extends LiveAvatarCallOptions {
  /** What the configuration is called, and found by; 1 to 245 characters. */
  name: string;
  /**
   * Allows a `baseUrl` on your own machine or network, for stand-ins of LiveAvatar there; default false. The service itself
   * could not reach it, and an avatar that cannot reach its LLM is mute without a word.
   */
  allowLocalUrl?: boolean;
}

/** What a session needs. */
export interface ConnectOptions extends ConnectLlmOptions {
  /** The LLM of your own. */
  llm: OpenAIUpstream;
  /** UUID of the avatar. */
  avatar_id: string;
  /** What the avatar is told to be, kept under `name`; or the id of a context that there is. */
  context: { prompt: string; opening_text?: string | null } | { context_id: string };
  /** What else the session is to be: a part of a payload, or as `buildSessionToken` takes it. */
  session?: Partial<SessionTokenRequest> | SessionOptions;
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
 * const liveAvatar = new LiveAvatar({ apiKey: process.env.LIVEAVATAR_API_KEY ?? "" });
 * const { llm_configuration_id } = await liveAvatar.connectLlm(
 *   { baseUrl: "https://my-worker.example.com/v1", apiKey: process.env.ENDPOINT_TOKEN ?? "", model: "mine" },
 *   { name: "My LLM" },
 * );
 * const { session_token } = await liveAvatar.sessions.createToken({
 *   mode: "FULL",
 *   avatar_id: "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a",
 *   llm_configuration_id,
 *   avatar_persona: { context_id: "5b9dba8a-aa31-11f0-a6ee-066a7fa2e369" },
 * });
 * ```
 *
 * What fails is thrown: a `ValidationError` for what you gave, before anything is sent, or for what a function of yours gave,
 * `apiKey` or `fetch`, at whichever attempt it gave that; an `ApiError` with the service's own words, also for an answer
 * without what was asked for (`unreadable`), or from an address that is not the service's (`wrong_address`); a
 * `ConnectionError`, or a `DeadlineError` of phase `attempt`. None holds a key or a token.
 *
 * All methods are bound: `const { sessions, connectLlm } = liveAvatar` works.
 */
export class LiveAvatar {
  readonly #outside: Outside;
  readonly #settings: string;
  /** The runs of `connectLlm` that have not ended, by their names. */
  readonly #connecting = new Map<string, Promise<unknown>>();

  /**
   * @throws ValidationError, with an issue for everything that is wrong in `options`
   */
  constructor(options: LiveAvatarOptions) {
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
      throw invalid("", "wrong_type", "the options must be an object such as { apiKey }");
    }
    const { apiKey, fetch, dangerouslyAllowBrowser, ...settings } = options;
    if (apiKey === undefined || apiKey === null) {
      throw invalid("/apiKey", "missing", "`apiKey` is missing, or a variable that is not set: give LiveAvatar's key, or a function that gives it");
    }
    this.#outside = { key: asking(apiKey, "", ""), fetch: sending(fetch), memory: { names: 0 }, timeoutMs: undefined };
    guardPage(dangerouslyAllowBrowser);
    // JSON leaves `undefined` out, which here is a variable that is not set.
    this.#settings = jsonOfOptions("baseUrl" in settings ? { ...settings, baseUrl: settings.baseUrl ?? null } : settings);
    const exports = instance();
    try {
      this.#outside.timeoutMs = exports.checkSettings(this.#settings);
    } catch (thrown) {
      throw fromModule(thrown, exports);
    }
  }

  /** Keys of other services, kept for LiveAvatar's use. */
  readonly secrets: Secrets = {
    create: (payload, options) => this.#perform("secrets.create", options, { payload, validate: options?.validate }),
    list: (options) => this.#perform("secrets.list", options),
    delete: this.#ofOne("secrets.delete"),
  };

  /** LLMs of your own, as sessions can use them. */
  readonly llmConfigurations: LlmConfigurations = {
    create: this.#sending("llmConfigurations.create"),
    list: (options) => this.#perform("llmConfigurations.list", options),
    get: this.#ofOne("llmConfigurations.get"),
    update: this.#changing("llmConfigurations.update"),
    delete: this.#ofOne("llmConfigurations.delete"),
  };

  /** Sessions. */
  readonly sessions: Sessions = {
    createToken: (payload, options) => this.#perform("sessions.createToken", options, { payload, validate: options?.validate }),
    start: (target, options) => this.#perform("sessions.start", options, { target }),
    stop: (target, reason, options) => this.#perform("sessions.stop", options, { target, reason }),
    keepAlive: (target, options) => this.#keepAlive(target, options),
    list: this.#listing("sessions.list"),
    get: this.#ofOne("sessions.get"),
    transcript: (id, query, options) => this.#perform("sessions.transcript", options, { id, query }),
    followTranscript: (id, options) => this.#follow(id, options),
    deleteEvents: this.#ofOne("sessions.deleteEvents"),
  };

  /** What avatars are told to be, and what they say first. */
  readonly contexts: Contexts = {
    create: this.#sending("contexts.create"),
    list: this.#listing("contexts.list"),
    get: this.#ofOne("contexts.get"),
    update: this.#changing("contexts.update"),
    delete: this.#ofOne("contexts.delete"),
  };

  /** Avatars. */
  readonly avatars: Avatars = {
    list: this.#listing("avatars.list"),
    listPublic: this.#listing("avatars.listPublic"),
    get: this.#ofOne("avatars.get"),
    update: this.#changing("avatars.update"),
    delete: this.#ofOne("avatars.delete"),
  };

  /** Voices. */
  readonly voices: Voices = {
    list: this.#listing("voices.list"),
    get: this.#ofOne("voices.get"),
    update: this.#changing("voices.update"),
    delete: this.#ofOne("voices.delete"),
    preview: this.#ofOne("voices.preview"),
    thirdParty: this.#sending("voices.thirdParty"),
  };

  /** Voice agents, as made in the dashboard. */
  readonly voiceAgents: VoiceAgents = {
    list: (options) => this.#perform("voiceAgents.list", options),
    get: this.#ofOne("voiceAgents.get"),
  };

  /** What is kept of sessions for later ones. */
  readonly memory: Memories = {
    create: this.#sending("memory.create"),
    list: this.#listing("memory.list"),
    get: this.#ofOne("memory.get"),
    delete: this.#ofOne("memory.delete"),
  };

  /** LiveAvatar's own models, by their providers: what `llm_settings` of a persona may name. An LLM of your own is none of them. */
  llmModels = (options?: LiveAvatarCallOptions): Promise<Record<string, string[]>> => this.#perform("llmModels", options);

  /** The languages that avatars speak: `code` is for the `language` of a persona. */
  languages = (options?: LiveAvatarCallOptions): Promise<{ language: string; code: string }[]> => this.#perform("languages", options);

  /** What the account has left, as a decimal number in a string. A minute costs 2 in FULL mode, 1 in LITE, none in the sandbox (GUIDE). */
  credits = (options?: LiveAvatarCallOptions): Promise<{ credits_left: string }> => this.#perform("credits", options);

  /** Makes an embed: a page with an avatar, which LiveAvatar serves. It cannot use an LLM of your own. */
  embeddings = (embed: EmbedRequest, options?: LiveAvatarCallOptions): Promise<Embed> => this.#perform("embeddings", options, { payload: embed });

  /**
   * Makes an LLM known to LiveAvatar, so that sessions can use it: a secret with its key, and a configuration of this name
   * that leads to it. Call it as often as you like: what is there already stays, what differs is changed, and what an earlier
   * call left is cleared away. A key that has changed shows by a short fingerprint in the secret's name: it gets a new secret,
   * and the old one is deleted.
   *
   * Calls for one name wait for each other within one client. Several processes that do this at the same time find what the
   * others have made and settle on the oldest configuration, but LiveAvatar has nothing that makes several steps one: where
   * one of them is cut off, a second configuration or secret may be left, or a configuration whose secret is gone, and the
   * next call mends that. A configuration that was made by hand under the same name is taken over.
   *
   * LiveAvatar calls `baseUrl` + `/chat/completions` with the key as Bearer token and nothing else. What needs more (another
   * provider, headers, a query, defaults) goes behind a `ChatEndpoint`, and that is connected. A `baseUrl` that it could not
   * call is refused: one that is missing, not public, not encrypted or not whole.
   *
   * If it fails, what this call made and nothing uses is taken back.
   *
   * @throws ValidationError, with an issue for everything that LiveAvatar could not do
   */
  connectLlm = (upstream: OpenAIUpstream, options: ConnectLlmOptions): Promise<ConnectedLlm> => {
    const name = options?.name;
    const before = this.#connecting.get(name);
    const run = this.#connect(upstream, options, before);
    const over = Promise.allSettled([before, run]).then(() => {
      if (this.#connecting.get(name) === over) this.#connecting.delete(name);
    });
    this.#connecting.set(name, over);
    return run;
  };

  /**
   * Takes back what `connectLlm` made under a name: its configuration, and then its secret. What was made by hand, or is used by
   * something else, stays. Sessions that name the configuration cannot start any more. A call that was cut off is completed by
   * the next one.
   */
  pruneLlm = (options: { name: string } & LiveAvatarCallOptions): Promise<{ deleted: string[] }> =>
    this.#perform("pruneLlm", options, { name: options?.name });

  /**
   * Everything to a session that can be asked for, as often as you like: looks whether the avatar and the voice are there, finds
   * or makes the context of this name, makes the LLM known as `connectLlm` does, and gives the payload for
   * `sessions.createToken`. What is wrong with the session is thrown before anything is sent. A context of this name whose texts
   * differ is changed; its links stay. If the LLM cannot be made known, what this call made is taken back.
   *
   * @throws ValidationError, also where the avatar has expired, or has no voice and none is given
   */
  connect = async (options: ConnectOptions): Promise<SessionTokenRequest> => {
    const { llm, name, avatar_id, context, session, allowLocalUrl } = options ?? {};
    const { key, rest } = access(llm, "/llm", ": LiveAvatar always sends one, so for an endpoint that asks for none give any word");
    return this.#perform("connect", options, { upstream: rest, name, avatar_id, context, session, allowLocalUrl }, async (platform) => {
      return (await platform.key(key)) || undefined;
    });
  };

  async #connect(upstream: OpenAIUpstream, options: ConnectLlmOptions, before: Promise<unknown> | undefined): Promise<ConnectedLlm> {
    const { key, rest } = access(upstream, "", ": LiveAvatar always sends one, so for an endpoint that asks for none give any word");
    const { name, allowLocalUrl } = options ?? {};
    return this.#perform("connectLlm", options, { upstream: rest, name, allowLocalUrl }, async (platform) => {
      if (before) await platform.unlessAborted(before);
      return (await platform.key(key)) || undefined;
    });
  }

  #ofOne<Answer>(method: string) {
    return (id: string, options?: LiveAvatarCallOptions): Promise<Answer> => this.#perform(method, options, { id });
  }

  #sending<Payload, Answer>(method: string) {
    return (payload: Payload, options?: LiveAvatarCallOptions): Promise<Answer> => this.#perform(method, options, { payload });
  }

  #changing<Payload, Answer>(method: string) {
    return (id: string, payload: Payload, options?: LiveAvatarCallOptions): Promise<Answer> => this.#perform(method, options, { id, payload });
  }

  #listing<Query extends PageQuery, Item>(method: string) {
    return (query?: Query, options?: LiveAvatarCallOptions): Listing<Item> =>
      listing(query?.page ?? 1, (page) => this.#perform<Page<Item>>(method, options, { query: { ...query, page } }));
  }

  async #keepAlive(target: SessionTarget, options?: { everyMs?: number } & LiveAvatarCallOptions): Promise<void> {
    const { everyMs, signal } = options ?? {};
    const once = (): Promise<void> => this.#perform("sessions.keepAlive", options, { target });
    if (everyMs === undefined) return once();
    checkedEvery(everyMs);
    for (;;) {
      try {
        await once().catch((error: unknown) => {
          const isRefused = error instanceof ApiError ? error.status < 500 && error.status !== 429 : !(error instanceof ConnectionError || error instanceof DeadlineError);
          if (isRefused) throw error;
        });
        await pause(everyMs, signal);
      } catch (error) {
        if (signal?.aborted) return;
        throw error;
      }
    }
  }

  async *#follow(id: string, { everyMs = 2000, signal }: { everyMs?: number } & LiveAvatarCallOptions = {}): AsyncGenerator<TranscriptLine, void> {
    checkedEvery(everyMs);
    // The lines of the time at which the last answer ended come again, if the service counts them as new.
    const given = new Map<string, number>();
    let start: number | null | undefined;
    for (;;) {
      const part = await this.#perform<Transcript>("sessions.transcript", signal && { signal }, { id, query: { start_timestamp: start } });
      const counts = new Map<string, number>();
      for (const line of part.transcript_data) {
        const text = JSON.stringify(line);
        const count = (counts.get(text) ?? 0) + 1;
        counts.set(text, count);
        if (count <= (given.get(text) ?? 0)) continue;
        given.set(text, count);
        yield line;
      }
      if (!part.session_active) return;
      start = part.next_timestamp ?? start;
      await pause(everyMs, signal);
    }
  }

  /** Does what a method does; `key` gives one that belongs to what is given. */
  async #perform<Answer>(
    method: string,
    options: LiveAvatarCallOptions | undefined,
    given: object = {},
    key?: (platform: Platform) => Promise<string | undefined>,
  ): Promise<Answer> {
    const signal = options?.signal;
    checkedSignal(signal);
    let text = json(given, "", "what is sent");
    if (signal?.aborted) throw signal.reason;
    const platform = new Platform(this.#outside, signal);
    const exports = instance();
    try {
      if (key) text = json({ ...given, key: await key(platform) }, "", "what is sent");
      const data = JSON.parse(await exports.perform(method, text, this.#settings, seed(), platform)) as Answer | null;
      return (data ?? undefined) as Answer;
    } catch (thrown) {
      throw fromModule(thrown, exports, platform.cause === undefined ? undefined : { cause: platform.cause });
    } finally {
      platform.end();
    }
  }
}
