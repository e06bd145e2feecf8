// One session: minted by a token, alive from its start, ended by someone or by time.
//
// No timer ends it. Whoever looks (`settle`) finds it ended at the moment at which it should have ended, so tests can move the clock.

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { Agent } from "./agent.js";
import { fill } from "./contexts.js";
import { WAYNE } from "./seeds.js";
import { CONNECTORS } from "./token.js";

export const END_REASONS = ["UNKNOWN", "USER_DISCONNECTED", "SERVER_ERROR", "IDLE_TIMEOUT", "NO_CREDITS", "USER_CLOSED", "AVATAR_DELETED", "MAX_DURATION_REACHED", "ZOMBIE_SESSION_REAP", "AGENT_HANG_UP"];

const SIGNING_KEY = randomBytes(32);

export class Session {
  id = randomUUID();
  /** @type {{ role: "user" | "avatar", text: string, at: number }[]} */
  lines = [];
  startedAt = null;
  endedAt = null;
  endReason = null;
  agent = null;
  started = null; // the answer to its start

  /**
   * @param {object} service
   * @param {any} request what the token was minted for
   */
  constructor(service, request) {
    this.service = service;
    this.request = request;
    this.mintedAt = service.now();
    this.lastActivity = this.mintedAt;
    this.token = jwt({
      start_session_data: {
        mode: request.mode,
        agent_type: request.agent?.agent_type ?? "liveavatar_agent",
        is_sandbox: request.is_sandbox,
        voice_id: request.avatar_persona?.voice_id ?? null,
        avatar_id: request.avatar_id,
        interactivity_type: request.interactivity_type ?? null,
      },
    });
  }

  get live() {
    return this.settle().startedAt !== null && this.endedAt === null;
  }

  /** Seconds in force. */
  get maxDuration() {
    const { options } = this.service;
    const { is_sandbox, max_session_duration } = this.request;
    return max_session_duration ?? (is_sandbox ? options.sandboxMaxDuration : options.maxSessionDuration);
  }

  get duration() {
    return this.startedAt === null ? 0 : Math.round(((this.endedAt ?? this.service.now()) - this.startedAt) / 1000);
  }

  get rate() {
    if (this.request.is_sandbox) return 0;
    return this.request.mode === "FULL" ? 2 : 1; // credits a minute
  }

  get creditsConsumed() {
    return (this.rate * this.duration) / 60;
  }

  /** The sandbox avatar used in earnest joins no room, and LiveKit times out in silence. */
  get ready() {
    return this.live && (this.request.is_sandbox || this.request.avatar_id !== WAYNE);
  }

  /** Reads the clock. @returns {this} */
  settle() {
    if (this.startedAt === null || this.endedAt !== null) return this;
    const now = this.service.now();
    if (this.rate > 0 && this.service.creditsLeft() <= 0) this.end("NO_CREDITS");
    const limits = [
      [this.startedAt + this.maxDuration * 1000, "MAX_DURATION_REACHED"],
      [this.lastActivity + this.service.options.idleTimeoutMs, "IDLE_TIMEOUT"],
    ].sort(([a], [b]) => a - b);
    if (limits[0][0] <= now) this.end(limits[0][1], limits[0][0]);
    return this;
  }

  /** Room and agent come up. The configuration is read now: what it says later is for other sessions. */
  start() {
    const { service, request } = this;
    this.startedAt = this.lastActivity = service.now();
    if (request.mode === "FULL") {
      const persona = request.avatar_persona ?? request.agent.agent_configuration;
      const context = service.state.contexts.get(persona.context_id);
      const values = request.dynamic_variables ?? request.voice_agent?.dynamic_variables ?? {};
      this.agent = new Agent({
        session: this,
        context: context && { prompt: fill(context.prompt, values), openingText: fill(context.opening_text, values) },
        llm: this.#llm(persona),
      });
      this.agent.greet();
    }
    const connected = CONNECTORS.some((name) => request[name]) || request.agent !== undefined;
    this.started = {
      session_id: this.id,
      livekit_url: "wss://room.standin.invalid",
      livekit_client_token: jwt({ session_id: this.id, for: "client" }),
      livekit_agent_token: jwt({ session_id: this.id, for: "agent" }),
      max_session_duration: this.maxDuration,
      ws_url: request.mode === "LITE" && !connected ? `wss://room.standin.invalid/${this.id}` : null,
    };
    return this.started;
  }

  #llm(persona) {
    const { state, options } = this.service;
    const { llm_configuration_id } = this.request;
    if (!llm_configuration_id || (persona.llm_settings && options.llmPrecedence === "settings")) return null;
    const { base_url, model_name, secret_id } = state.llmConfigurations.get(llm_configuration_id);
    return { baseUrl: base_url, model: model_name, secret: state.secrets.get(secret_id)?.secret_value };
  }

  /** Something happened: the idle timeout starts anew. */
  touch() {
    this.lastActivity = this.service.now();
  }

  /** @param {string} reason @param {number} [at] */
  end(reason, at = this.service.now()) {
    if (this.endedAt !== null) return;
    this.endedAt = at;
    this.endReason = reason;
    this.agent?.interrupt();
  }

  /** @param {"user" | "avatar"} role @param {string} text */
  note(role, text) {
    this.lines.push({ role, text, at: this.service.now() });
  }

  /** The lines as the transcript endpoint gives them. */
  get transcript() {
    const unit = this.service.options.transcriptUnit === "s" ? 1000 : 1;
    return this.lines.map(({ role, text, at }) => ({ role, transcript: text, absolute_timestamp: Math.floor(at / unit), relative_timestamp: Math.floor((at - this.startedAt) / unit) }));
  }

  /** As a list of sessions shows it. */
  entry() {
    const { service, request } = this.settle();
    const entry = {
      id: this.id,
      created_at: service.date(this.mintedAt),
      updated_at: service.date(this.endedAt ?? this.lastActivity),
      duration: this.duration,
      source: "API",
      mode: request.mode,
      is_sandbox: request.is_sandbox,
      credits_consumed: this.creditsConsumed,
    };
    if (this.endedAt === null) return entry;
    return { ...entry, end_at: service.date(this.endedAt), end_reason: this.endReason };
  }
}

function jwt(payload) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const head = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ ...payload, jti: randomUUID() })}`;
  return `${head}.${createHmac("sha256", SIGNING_KEY).update(head).digest("base64url")}`;
}
