// The endpoint that a LiveAvatar calls.

import { checkKey } from "./access.js";
import { json, jsonOfOptions } from "./arguments.js";
import type { ChatRequest, ChatUsage } from "./chat.js";
import { fromModule, invalid, type LiveAvatarLlmError } from "./errors.js";
import { type Exports, instance } from "./instance.js";
import { given, type Source, type TurnInfo } from "./source.js";
import { seed } from "./stream.js";
import { Turn } from "./turn.js";
import { access, type Access } from "./upstream.js";

/** What is said where no source says anything: a text, or a function that is asked for one at the turn's beginning. */
export type Line = string | ((turn: Omit<TurnInfo, "signal">) => string);

/** Who may ask: whoever sends one of these tokens, whoever the function lets in, or everybody. */
export type Auth =
  | { bearer: string | string[] | (() => string | Promise<string>) }
  | ((token: string | null, request: Request) => boolean | Promise<boolean>)
  | "none";

/** What may be set for an endpoint. */
export interface EndpointOptions {
  /** Where answers come from. */
  source: Source;
  /**
   * Who may ask. LiveAvatar sends the `secret_value` of the registered secret as a bearer token; tokens are compared in a
   * time that tells nothing but their lengths. `"none"` lets everybody in, at your provider's expense.
   */
  auth: Auth;
  /** Lines of your own. */
  say?: {
    /** When the source failed; `false` says nothing. Default: an apology in English. */
    failure?: Line | false;
    /** When the model refused; default: what it refused with. */
    refusal?: Line;
    /** When the user said nothing, as happens when noise is taken for speech; default: nothing is said. */
    empty?: Line;
  };
  timeouts?: {
    /** How long a source may be silent before its first words, in milliseconds; default 20 000. */
    firstTokenMs?: number;
    /** How long a source may be silent after that, in milliseconds; default 8000. The caller gives up after 10 000. */
    idleMs?: number;
  };
  /**
   * How long the caller may be without a byte, in milliseconds; default 500. It also bounds how late a hang-up is noticed,
   * which on many platforms shows at the next write only.
   */
  heartbeatMs?: number;
  limits?: {
    /** The largest request, in bytes; default 4 MiB. */
    bodyBytes?: number;
  };
  /** Told of each turn when it is over. What it throws is printed to the console and changes nothing. */
  onTurn?: (report: TurnReport) => void | Promise<void>;
}

/** How a turn went. It never holds what was said. */
export interface TurnReport {
  /** The id of the answer. */
  id: string;
  /** See {@link TurnInfo.utteranceId}. */
  utteranceId: string;
  /** See {@link TurnInfo.roomId}. */
  roomId?: string;
  /**
   * - `spoken`: the source's answer was said, whole
   * - `cut`: what had come of it was said; then it broke off
   * - `refused`: the model refused, and the refusal was said
   * - `failed`: the source gave nothing that can be said; the failure line was said
   * - `empty`: the user had said nothing, and no source was asked
   * - `interrupted`: the caller hung up
   */
  outcome: "spoken" | "cut" | "refused" | "failed" | "empty" | "interrupted";
  /** Milliseconds from the request until the source's first words. */
  firstTokenMs?: number;
  /** Milliseconds from the request until the end. */
  totalMs: number;
  /** Tokens used, if the source told. */
  usage?: Partial<Pick<ChatUsage, "prompt_tokens" | "completion_tokens" | "total_tokens">>;
  /** Why it failed or was cut. */
  error?: LiveAvatarLlmError;
}

/** What a worker's runtime gives a request. */
export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

interface Settled {
  options: EndpointOptions;
  access: Access | undefined;
  bearers: string[];
  plain: string;
  lines: string;
  upstream: string | undefined;
}

/**
 * An endpoint for LiveAvatar's caller in front of any source.
 *
 * ```ts
 * export default new ChatEndpoint((env) => ({
 *   source: { apiKey: env.OPENAI_API_KEY, model: "gpt-4o-mini" },
 *   auth: { bearer: env.ENDPOINT_TOKEN },
 * }));
 * ```
 *
 * It answers `POST …/chat/completions`, streaming or not, and `GET …/models`, each with or without a `/v1` before it. An
 * answer begins at once, gives a sign of life every half second, holds the words of the first choice and nothing else, and
 * always ends as an ordinary turn: a source that fails is replaced by a line of yours, since after the first byte the
 * caller never asks again, and tells nobody.
 *
 * `fetch` is bound: `const { fetch } = endpoint` and `{ ...endpoint }` work.
 */
export class ChatEndpoint {
  readonly #options: EndpointOptions | ((env: any) => EndpointOptions);
  #settled: Settled | undefined;
  #machine: { exports: Exports; endpoint: InstanceType<Exports["Endpoint"]> } | undefined;

  /**
   * @param options or a function of the worker's `env` that gives them; it is called once, at the first request
   * @throws ValidationError, with an issue for everything that is wrong in the options; from a function, at the first request
   */
  constructor(options: EndpointOptions | ((env: any) => EndpointOptions)) {
    this.#options = options;
    if (typeof options !== "function") {
      this.#settled = settle(options);
      this.#endpoint(this.#settled);
    }
  }

  /**
   * Answers a request.
   *
   * @param env the worker's bindings; handed on to the options' function and to the source
   * @param ctx the worker's context, whose `waitUntil` keeps the turn alive until its report is given
   */
  fetch = async (request: Request, env?: unknown, ctx?: ExecutionContext): Promise<Response> => {
    const options = this.#options;
    const settled = (this.#settled ??= settle(typeof options === "function" ? options(env) : options));
    const { exports, endpoint } = this.#endpoint(settled);
    const refuse = (reason: string): Response => reply(exports.Endpoint.refusal(reason) as Reply);

    const route = exports.Endpoint.route(request.method, new URL(request.url).pathname);
    if (route !== "completions" && route !== "models") return refuse(route);
    if (!(await isAllowed(request, settled, exports))) return refuse("unauthorized");
    if (route === "models") return reply({ status: 200, body: endpoint.models() });

    const body = await read(request, endpoint.bodyBytes());
    if (body === undefined) return refuse("tooLarge");
    return this.#turn(body, request, env, ctx, settled);
  };

  #turn(body: string, request: Request, env: unknown, ctx: ExecutionContext | undefined, settled: Settled): Response | Promise<Response> {
    // Asked for again: the instance may have been replaced while the request was read.
    const { exports, endpoint } = this.#endpoint(settled);
    let asked;
    try {
      asked = new exports.Asked(body, request.headers.get(exports.Endpoint.roomHeader()) ?? undefined, seed());
    } catch (thrown) {
      return refusal(thrown, exports);
    }
    try {
      const waitUntil = (promise: Promise<unknown>): void => ctx?.waitUntil?.(promise);
      const { text, ...ids } = asked.info() as Ids & { text: string };
      const info = { ...ids, text, request, env, waitUntil };
      const said = json(lines(settled.options.say, spoken(info)), "/say", "`say`");
      const machine = asked.begin(endpoint, said, Date.now() / 1000, performance.now());
      const { source } = settled.options;
      const origin = settled.access ?? given(source as Extract<Source, Function>, JSON.parse(body) as ChatRequest, info);
      const turn = new Turn({ machine, exports, origin, signal: request.signal });
      return answer(turn, ids, settled.options.onTurn, waitUntil);
    } catch (thrown) {
      return refusal(thrown, exports);
    } finally {
      asked.free();
    }
  }

  /** The module's side of this endpoint, in the instance that is current. */
  #endpoint({ plain, lines, upstream }: Settled) {
    const exports = instance();
    if (this.#machine?.exports !== exports) {
      try {
        this.#machine = { exports, endpoint: new exports.Endpoint(plain, lines, upstream) };
      } catch (thrown) {
        throw fromModule(thrown, exports);
      }
    }
    return this.#machine;
  }
}

/** Takes options apart, and says what is wrong with those that are no plain data. */
function settle(options: EndpointOptions): Settled {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid("", "wrong_type", "a ChatEndpoint takes an object such as { source, auth }, or a function of `env` that gives one");
  }
  if (options instanceof Promise) {
    throw invalid("", "wrong_type", "the function that gives the options gave a promise: give them at once, and let functions in them wait, such as `apiKey`");
  }
  const { source, auth, say, onTurn, ...plain } = options;
  if (source === undefined || source === null) {
    throw invalid("/source", "missing", "`source` is missing: give an upstream such as { baseUrl, apiKey, model }, or a function");
  }
  if (onTurn !== undefined && typeof onTurn !== "function") throw invalid("/onTurn", "wrong_type", "`onTurn` must be a function");
  if (say !== undefined && (typeof say !== "object" || say === null || Array.isArray(say))) throw invalid("/say", "wrong_type", "`say` must be an object of lines");
  const upstream = typeof source === "function" ? undefined : access(source, "/source");
  return {
    options,
    access: upstream,
    bearers: bearers(auth),
    plain: jsonOfOptions(shown(plain)),
    lines: json(lines(say, () => ""), "/say", "`say`"),
    upstream: upstream && json(upstream.rest, "/source", "the source"),
  };
}

/** Members with something for each function, so that a name that is not known is told whatever it holds. */
function shown(options: object): object {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, typeof value === "function" ? true : value]));
}

function bearers(auth: Auth): string[] {
  if (auth === "none" || typeof auth === "function") return [];
  const advice = 'give { bearer: "…" }, a function, or "none" to let everybody in';
  if (typeof auth !== "object" || auth === null) throw invalid("/auth", auth === undefined ? "missing" : "wrong_type", `\`auth\` says who may ask: ${advice}`);
  const { bearer } = auth;
  if (typeof bearer === "function") return [];
  const all = Array.isArray(bearer) ? bearer : [bearer];
  if (all.length === 0 || !all.every((one) => typeof one === "string" && one.trim() !== "")) {
    throw invalid("/auth/bearer", "bad_key", `\`auth.bearer\` is empty or no text, perhaps a variable that is not set: ${advice}`);
  }
  for (const one of all) checkKey(one, "/auth/bearer", "auth.bearer");
  return all;
}

async function isAllowed(request: Request, { options: { auth }, bearers }: Settled, exports: Exports): Promise<boolean> {
  if (auth === "none") return true;
  const token = exports.Endpoint.bearer(request.headers.get("authorization") ?? "") ?? null;
  if (typeof auth === "function") return (await auth(token, request)) === true;
  if (token === null) return false;
  const allowed = typeof auth.bearer === "function" ? [await auth.bearer()] : bearers;
  // Every one is compared, so that the time doesn't tell which.
  return allowed.map((one) => typeof one === "string" && one !== "" && exports.Endpoint.isSame(token, one)).includes(true);
}

/** A request's body as text; nothing if it is larger than `limit`. */
async function read(request: Request, limit: number): Promise<string | undefined> {
  if (Number(request.headers.get("content-length")) > limit) return undefined;
  const reader = request.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}

/** Lines as plain data, with `ask` asking the functions among them. */
function lines(say: EndpointOptions["say"], ask: (line: Extract<Line, Function>) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(say ?? {}).map(([name, line]) => [name, typeof line === "function" ? ask(line) : line]));
}

/** What a line's function gives in this turn; nothing if it gives no text: no turn fails for that. */
function spoken(turn: Omit<TurnInfo, "signal">): (line: Extract<Line, Function>) => unknown {
  return (line) => {
    try {
      const text: unknown = line(turn);
      if (typeof text === "string") return text;
      console.error("liveavatar-llm: a function in `say` gave no text");
    } catch (thrown) {
      console.error("liveavatar-llm: a function in `say` threw", thrown);
    }
    return undefined;
  };
}

type Ids = Pick<TurnInfo, "id" | "utteranceId" | "roomId">;

function answer(
  turn: Turn,
  ids: Ids,
  onTurn: EndpointOptions["onTurn"],
  waitUntil: (promise: Promise<unknown>) => void,
): Response | Promise<Response> {
  const began = performance.now();
  const told = async (): Promise<void> => {
    // Where the module failed it cannot tell.
    const known = { ...ids, outcome: "failed", totalMs: performance.now() - began };
    try {
      await onTurn?.({ ...known, ...turn.report } as TurnReport);
    } catch (thrown) {
      console.error("liveavatar-llm: onTurn threw", thrown);
    }
  };
  return turn.isStreamed ? stream(turn, told, waitUntil) : whole(turn, told, waitUntil);
}

async function whole(turn: Turn, told: () => Promise<void>, waitUntil: (promise: Promise<unknown>) => void): Promise<Response> {
  const parts: Uint8Array[] = [];
  const running = turn.run((bytes) => parts.push(bytes));
  waitUntil(running.then(told));
  await running;
  return new Response(new Blob(parts as BlobPart[]), { headers: { "content-type": "application/json" } });
}

function stream(turn: Turn, told: () => Promise<void>, waitUntil: (promise: Promise<unknown>) => void): Response {
  let taken = (): void => {};
  let isGone = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const out = (bytes: Uint8Array): void => void (isGone || controller.enqueue(bytes));
      // While the caller takes nothing, nothing more is asked of the source; signs of life are small.
      const ready = (): Promise<void> | undefined =>
        (controller.desiredSize ?? 1) > 0 ? undefined : new Promise((resolve) => (taken = resolve));
      const running = turn.run(out, ready).then(() => void (isGone || controller.close()));
      waitUntil(running.then(told));
    },
    pull: () => taken(),
    cancel: () => {
      isGone = true;
      turn.stop();
    },
  }, { highWaterMark: 16 });
  return new Response(body, { headers: HEADERS });
}

/** A proxy that gathers or compresses the stream would hold words back. */
const HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" };

/** The response for what the module refuses; anything else is an error. */
function refusal(thrown: unknown, exports: Exports): Response {
  if (typeof (thrown as Reply | null)?.body === "string") return reply(thrown as Reply);
  throw fromModule(thrown, exports);
}

interface Reply {
  status: number;
  body: string;
  /** One header more, as name and value. */
  header?: [string, string];
}

function reply({ status, body, header }: Reply): Response {
  return new Response(body, { status, headers: [["content-type", "application/json"], ...(header ? [header] : [])] });
}
