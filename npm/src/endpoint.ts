// The endpoint that a LiveAvatar calls.

import { checkKey } from "./access.js";
import { json, jsonOfOptions } from "./arguments.js";
import { Body } from "./body.js";
import type { ChatRequest, ChatUsage } from "./chat.js";
import { fromModule, invalid, type LiveAvatarLlmError } from "./errors.js";
import { inTime, read, withHeaders } from "./gate.js";
import { type Exports, instance } from "./instance.js";
import { origin, type Route, routes, type Settled as SettledSource, type Source, type TurnInfo } from "./source.js";
import type { SpeechOptions } from "./speech.js";
import { seed } from "./stream.js";
import { plainTools, type ServerTool } from "./tool.js";
import { Turn } from "./turn.js";

/** What is said where no source says anything: a text, or a function that is asked for one at the turn's beginning. */
export type Line = string | ((turn: Omit<TurnInfo, "signal">) => string);

/** Who may ask: whoever sends one of these tokens, whoever the function lets in, or everybody. */
export type Auth =
  | { bearer: string | string[] | (() => string | Promise<string>) }
  | ((token: string | null, request: Request) => boolean | Promise<boolean>)
  | "none";

/** What may be set for an endpoint. */
export interface EndpointOptions {
  /**
   * Where answers come from: one source; several, of which each is asked where those before it fail, stay silent or say
   * nothing; or an object of either, by the model that the caller names. In that the name `default` answers for every model
   * that has no name of its own; without it such a model gets the status 404.
   */
  source: Source | Source[] | Record<string, Source | Source[]>;
  /**
   * Who may ask. LiveAvatar sends the `secret_value` of the registered secret as a bearer token; tokens are compared in a
   * time that tells nothing but their lengths. A function that throws, or says nothing for five seconds, is printed to the
   * console, and the request is refused with 503, after which the caller asks again. `"none"` lets everybody in, at your
   * provider's expense.
   */
  auth: Auth;
  /**
   * What of an answer is handed on; default `"spoken"`: the words of the first choice, from a first chunk that is sent at
   * once, and always ended as an ordinary turn. `"faithful"` hands on everything (reasoning, calls of tools, refusals, further
   * choices), waits for the source before it answers, and tells errors: by the status before anything was sent, in the stream
   * after that.
   */
  output?: "spoken" | "faithful";
  /**
   * How spoken words are shaped for a voice; by default markup, emoji, addresses and thinking are no speech. `false` says
   * everything as it comes.
   */
  speech?: SpeechOptions | false;
  /**
   * Changes each request before a source is asked: adds what was retrieved, or instructions. Signs of life go on meanwhile.
   * It may take as long as the last source (`timeouts.firstTokenMs`); where it fails the failure line is said.
   */
  prepare?: (request: ChatRequest, turn: TurnInfo) => ChatRequest | Promise<ChatRequest>;
  /** Tools that the model may call, which the endpoint runs until the model speaks. */
  tools?: ServerTool[];
  /** Lines of your own. Those that the caller sends back as the assistant's words are not shown to the source. */
  say?: {
    /** When the source failed; `false` says nothing. Default: an apology in English. */
    failure?: Line | false;
    /** When the model refused; default: what it refused with. */
    refusal?: Line;
    /** When the user has to wait for longer than `afterMs` milliseconds, once for each wait: «One moment.» Default: nothing. */
    filler?: { afterMs: number; line: Line };
    /** When the user said nothing, as happens when noise is taken for speech; default: nothing is said. */
    empty?: Line;
  };
  timeouts?: {
    /**
     * How long a source may be silent before its first words, in milliseconds; default 4000 where another can be asked
     * instead, and 20 000 for the last.
     */
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
    /** How many messages a source gets to see, not counting instructions; the oldest go first. Default: all. */
    historyMessages?: number;
    /** How often the model may call tools in one turn; default 8. After that it is asked to speak. */
    toolRounds?: number;
  };
  /** Which pages may ask, by their origins, such as `https://example.com`; `"*"` is all. Default: none. */
  cors?: { origins: string[] } | false;
  /** Whether reports hold what the user said and what was said to the user; default false. */
  reportText?: boolean;
  /** Told of each turn when it is over. What it throws is printed to the console and changes nothing. */
  onTurn?: (report: TurnReport) => void | Promise<void>;
}

/** How a source did in a turn. */
export interface SourceReport {
  /** Which of the turn's sources, from 0. */
  source: number;
  /** Its model, if it names one. */
  model?: string;
  /** Milliseconds from asking it until its first words. */
  firstTokenMs?: number;
  /** Milliseconds from asking it until it was done or given up. */
  ms: number;
  /** Why it was given up. */
  error?: { code: string; message: string };
}

/** How a call of a tool went. */
export interface ToolReport {
  /** The name that the model gave. */
  name: string;
  /**
   * - `returned`: it gave a result
   * - `threw`: the model was told what it threw
   * - `timedOut`: the model was told that it took too long
   * - `invalid`: the arguments or the name were not valid; it was not run, and the model was told why
   */
  outcome: "returned" | "threw" | "timedOut" | "invalid";
  /** How long it took, in milliseconds. */
  ms: number;
}

/** How a turn went. It holds what was said only with `reportText`. */
export interface TurnReport {
  /** The id of the answer. */
  id: string;
  /** See {@link TurnInfo.utteranceId}. */
  utteranceId: string;
  /** See {@link TurnInfo.roomId}. */
  roomId?: string;
  /** See {@link TurnInfo.jobId}. */
  jobId?: string;
  /** See {@link TurnInfo.agentId}. */
  agentId?: string;
  /** See {@link TurnInfo.path}. */
  path: string[];
  /**
   * - `spoken`: the source's answer was said, whole
   * - `cut`: what had come of it was said; then it broke off
   * - `refused`: the model refused, and the refusal was said
   * - `failed`: the source gave nothing that can be said; the failure line was said
   * - `empty`: the user had said nothing, and no source was asked
   * - `interrupted`: the caller hung up, or took nothing for ten seconds
   */
  outcome: "spoken" | "cut" | "refused" | "failed" | "empty" | "interrupted";
  /** Milliseconds from the request until the source's first words. */
  firstTokenMs?: number;
  /** Milliseconds from the request until the end. */
  totalMs: number;
  /** Tokens used, if the source told. */
  usage?: Partial<Pick<ChatUsage, "prompt_tokens" | "completion_tokens" | "total_tokens">>;
  /** Each source that was asked, in order: once for each round of tools. */
  sources?: SourceReport[];
  /** Each call of a tool. */
  tools?: ToolReport[];
  /** Whether the filler was said. */
  filler?: boolean;
  /** With `reportText`: what the user said, and what was said to the user. */
  text?: { user: string; spoken: string };
  /** Why it failed or was cut. It has no `partial`, since a report holds nothing of what was said. */
  error?: LiveAvatarLlmError;
}

/** What a worker's runtime gives a request. */
export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

interface Settled {
  options: EndpointOptions;
  sources: SettledSource[];
  bearers: string[];
  plain: string;
  lines: string;
  routes: string;
  tools: string;
  cors: string;
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
 * caller never asks again, and tells nobody. A caller that takes nothing for ten seconds, which is as long as it waits
 * itself, has hung up: the source is stopped, and the turn reported as `interrupted`.
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
   * Answers a request. What is wrong with one is said in the response: 400, 401, 404, 405 or 413, and 503 where `auth`
   * failed.
   *
   * @param env the worker's bindings; handed on to the options' function and to the source
   * @param ctx the worker's context, whose `waitUntil` keeps the turn alive until its report is given
   */
  fetch = async (request: Request, env?: unknown, ctx?: ExecutionContext): Promise<Response> => {
    const options = this.#options;
    const settled = (this.#settled ??= settle(typeof options === "function" ? options(env) : options));
    const { exports, endpoint } = this.#endpoint(settled);
    const origin = request.headers.get("origin") ?? "";

    const { pathname } = new URL(request.url);
    const route = exports.Endpoint.route(request.method, pathname);
    if (route === "preflight") {
      const allowed = endpoint.preflight(origin, request.headers.get("access-control-request-headers") ?? "");
      return allowed.length > 0 ? withHeaders(new Response(null, { status: 204 }), allowed) : reply(exports.Endpoint.refusal("usePost") as Reply);
    }
    const response = await this.#answer(route, pathname, request, env, ctx, settled);
    return origin === "" ? response : withHeaders(response, this.#endpoint(settled).endpoint.corsHeaders(origin));
  };

  async #answer(route: string, path: string, request: Request, env: unknown, ctx: ExecutionContext | undefined, settled: Settled): Promise<Response> {
    const { exports, endpoint } = this.#endpoint(settled);
    const refuse = (reason: string): Response => reply(exports.Endpoint.refusal(reason) as Reply);
    if (route !== "completions" && route !== "models") return refuse(route);
    const isLetIn = await inTime("auth", () => isAllowed(request, settled, exports), exports.Endpoint.authMs());
    if (isLetIn !== true) return refuse(isLetIn === false ? "unauthorized" : "unavailable");
    if (route === "models") return reply({ status: 200, body: endpoint.models() });

    const body = await read(request, endpoint.bodyBytes());
    return "text" in body ? this.#turn(body.text, path, request, env, ctx, settled) : refuse(body.refused);
  }

  #turn(body: string, path: string, request: Request, env: unknown, ctx: ExecutionContext | undefined, settled: Settled): Response | Promise<Response> {
    // Asked for again: the instance may have been replaced while the request was read.
    const { exports, endpoint } = this.#endpoint(settled);
    const { options } = settled;
    let asked;
    try {
      asked = new exports.Asked(body, path, [...request.headers].flat(), seed());
    } catch (thrown) {
      return refusal(thrown, exports);
    }
    try {
      const waitUntil = (promise: Promise<unknown>): void => ctx?.waitUntil?.(promise);
      const { text, ...ids } = asked.info() as Ids & { text: string };
      const info = { ...ids, text, request, env, waitUntil };
      const said = json(lines(options.say, spoken(info)), "/say", "`say`");
      const machine = asked.begin(endpoint, said, Date.now() / 1000, performance.now());
      const task = { machine, exports, origin: origin(machine, settled.sources, info), signal: request.signal };
      const turn = new Turn(task, { turn: info, prepare: options.prepare, tools: options.tools ?? [] });
      return answer(turn, ids, options.onTurn, waitUntil);
    } catch (thrown) {
      return refusal(thrown, exports);
    } finally {
      asked.free();
    }
  }

  /** The module's side of this endpoint, in the instance that is current. */
  #endpoint({ plain, lines, routes, tools, cors, options }: Settled) {
    const exports = instance();
    if (this.#machine?.exports !== exports) {
      try {
        const endpoint = new exports.Endpoint(plain, lines, routes, tools, cors, options.prepare !== undefined);
        this.#machine = { exports, endpoint };
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
  const { source, auth, prepare, tools, say, cors, onTurn, ...plain } = options;
  const { Endpoint } = instance();
  const found = routes(source, (name) => Endpoint.isUpstreamMember(name));
  for (const [name, value] of Object.entries({ prepare, onTurn })) {
    if (value !== undefined && typeof value !== "function") throw invalid(`/${name}`, "wrong_type", `\`${name}\` must be a function`);
  }
  if (say !== undefined && (typeof say !== "object" || say === null || Array.isArray(say))) throw invalid("/say", "wrong_type", "`say` must be an object of lines");
  return {
    options,
    sources: found.flatMap(({ sources }) => sources),
    bearers: bearers(auth),
    plain: jsonOfOptions(shown(plain)),
    lines: json(lines(say, () => "…"), "/say", "`say`"),
    routes: json(found.map(plainRoute), "/source", "the source"),
    tools: plainTools(tools),
    cors: json(cors ?? false, "/cors", "`cors`"),
  };
}

/** A route as plain data: nothing stands for the developer's own code. */
function plainRoute({ sources, ...route }: Route): object {
  return { ...route, sources: sources.map((source) => (typeof source === "function" ? null : source.rest)) };
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

/** Lines as plain data, with `ask` asking the functions among them. */
function lines(say: EndpointOptions["say"], ask: (line: Extract<Line, Function>) => unknown): unknown {
  const plain = (line: unknown): unknown => (typeof line === "function" ? ask(line as Extract<Line, Function>) : line);
  const { filler, ...others } = say ?? {};
  const entries = Object.entries(others).map(([name, line]) => [name, plain(line)]);
  if (typeof filler === "object" && filler !== null) entries.push(["filler", { ...filler, line: plain(filler.line) }]);
  else if (filler !== undefined) entries.push(["filler", filler]);
  return Object.fromEntries(entries);
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

type Ids = Pick<TurnInfo, "id" | "utteranceId" | "roomId" | "jobId" | "agentId" | "path">;

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
  if (!turn.isStreamed) return whole(turn, told, waitUntil);
  const response = stream(turn, told, waitUntil);
  if (!turn.waitsForSource) return response;
  return turn.begun.then(() => refused(turn) ?? response);
}

/** The response of a turn of which nothing came, if that is to be told. */
function refused({ refusal }: Turn): Response | undefined {
  return refusal && reply({ status: refusal[0], body: refusal[1] });
}

async function whole(turn: Turn, told: () => Promise<void>, waitUntil: (promise: Promise<unknown>) => void): Promise<Response> {
  const parts: Uint8Array[] = [];
  const running = turn.run({ write: (bytes) => void parts.push(bytes) });
  waitUntil(running.then(told));
  await running;
  return refused(turn) ?? new Response(new Blob(parts as BlobPart[]), { headers: { "content-type": "application/json" } });
}

function stream(turn: Turn, told: () => Promise<void>, waitUntil: (promise: Promise<unknown>) => void): Response {
  const body = new Body(() => turn.stop());
  const running = turn.run(body);
  const written = running.then(() => (turn.report.outcome === "interrupted" ? body.drop() : body.end()));
  waitUntil(Promise.all([running.then(told), written]));
  return new Response(body.stream, { headers: HEADERS });
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
