// The endpoint that gives a page its session, so that the API key stays here.

import { json } from "./arguments.js";
import type { ExecutionContext } from "./endpoint.js";
import { ApiError, fromModule, invalid, ValidationError } from "./errors.js";
import { inTime, read, withHeaders } from "./gate.js";
import { type Exports, instance } from "./instance.js";
import type { LiveAvatar } from "./liveavatar.js";
import type { SessionTokenRequest } from "./session.js";

/** The largest body that a page may send, in bytes. */
const LARGEST = 64 << 10;

/** What may be set for an endpoint of sessions. */
export interface SessionEndpointOptions {
  /** The client that has the API key. */
  liveAvatar: LiveAvatar;
  /**
   * What a session is asked to be, or a function of the page's request that says so. The request's body may be read there: it is
   * whole, and at most 64 KiB.
   */
  session: SessionTokenRequest | ((request: Request) => SessionTokenRequest | Promise<SessionTokenRequest>);
  /**
   * Who may have a session, which costs credits: true lets in, anything else does not. It is asked when a session is made; after
   * that the session's token is proof enough. One that throws, or takes longer than five seconds, is answered with a 503.
   */
  authorize: (request: Request) => boolean | Promise<boolean>;
  /**
   * The origins of pages elsewhere that may ask, such as `https://example.com`; default: none. Pages of the endpoint's own host
   * always may. `"*"` is every page, but without credentials, which LiveAvatar's web SDK always asks with.
   */
  cors?: { origins: string[] };
}

/**
 * Gives pages their sessions.
 *
 * ```ts
 * const sessions = new SessionEndpoint((env) => ({
 *   liveAvatar: new LiveAvatar({ apiKey: env.LIVEAVATAR_API_KEY }),
 *   session: buildSessionToken({ is_sandbox: true, context_id: env.CONTEXT_ID }),
 *   authorize: (request) => isSignedIn(request),
 * }));
 * ```
 *
 * `POST` to its own address, whatever that is, makes a session and answers `{ session_id, session_token }`. Below it,
 * `POST …/v1/sessions/start`, `stop` and `keep-alive` do what LiveAvatar's own API does with a session's token, in its envelope
 * `{ code, data, message }`, so that the web SDK's `apiUrl` can be this address. What is refused is said in the same envelope,
 * and tells nothing of the account: neither its key, nor whether it has credits.
 *
 * `fetch` is bound: `const { fetch } = endpoint` and `{ ...endpoint }` work.
 */
export class SessionEndpoint {
  readonly #options: SessionEndpointOptions | ((env: any) => SessionEndpointOptions);
  #settled: SessionEndpointOptions | undefined;
  #desk: { exports: Exports; desk: InstanceType<Exports["SessionDesk"]> } | undefined;

  /**
   * @param options or a function of the worker's `env` that gives them; it is called once, at the first request
   * @throws ValidationError, with an issue for what is wrong in the options; from a function, at the first request
   */
  constructor(options: SessionEndpointOptions | ((env: any) => SessionEndpointOptions)) {
    this.#options = options;
    if (typeof options !== "function") this.#at((this.#settled = settled(options)));
  }

  /**
   * Answers a request.
   *
   * @param env the worker's bindings, handed to the options' function
   */
  fetch = async (request: Request, env?: unknown, _ctx?: ExecutionContext): Promise<Response> => {
    const options = this.#options;
    const set = (this.#settled ??= settled(typeof options === "function" ? options(env) : options));
    const { exports, desk } = this.#at(set);
    const { pathname, host } = new URL(request.url);
    const origin = request.headers.get("origin") ?? "";
    const route = desk.route(request.method, pathname, origin, host);
    let response: Response;
    if (route === "preflight") {
      const allowed = desk.preflight(origin, request.headers.get("access-control-request-headers") ?? "");
      response = allowed.length > 0 ? new Response(null, { status: 204 }) : reply(exports.SessionDesk.refusal("foreign"));
      return withHeaders(response, allowed);
    }
    response = await this.#answer(route, request, set, exports);
    // Asked for again: the instance may have been replaced in the meantime.
    return withHeaders(response, this.#at(set).desk.headers(origin));
  };

  async #answer(route: string, request: Request, set: SessionEndpointOptions, exports: Exports): Promise<Response> {
    const { SessionDesk, Endpoint } = exports;
    const refuse = (reason: string): Response => reply(SessionDesk.refusal(reason));
    const { sessions } = set.liveAvatar;
    const isNew = route === "createToken";
    if (!isNew && route !== "start" && route !== "stop" && route !== "keepAlive") return refuse(route);
    const token = Endpoint.bearer(request.headers.get("authorization") ?? "");
    if (!isNew && !token) return refuse("badToken");
    const body = await read(request, LARGEST);
    if ("refused" in body) return refuse(body.refused);

    try {
      if (!isNew) {
        const data: unknown = await sessions[route](token!);
        return reply(SessionDesk.success(route, JSON.stringify(data ?? null)));
      }
      const { url, method, headers, signal } = request;
      const again = (): Request => new Request(url, { method, headers, signal, body: body.text === "" ? null : body.text });
      const isLetIn = await inTime("authorize", () => set.authorize(again()), Endpoint.authMs());
      if (isLetIn !== true) return refuse(isLetIn === undefined ? "unavailable" : "notAllowed");
      const session = typeof set.session === "function" ? await set.session(again()) : set.session;
      const { session_id, session_token } = await sessions.createToken(session);
      return reply(SessionDesk.success(route, JSON.stringify({ session_id, session_token })));
    } catch (thrown) {
      if (thrown instanceof ApiError) {
        if (thrown.status !== 404 && (isNew || thrown.status !== 401)) console.error("liveavatar-llm: LiveAvatar refused a session", thrown);
        return reply(SessionDesk.failure(thrown.status, !isNew), thrown.retryAfterMs);
      }
      // A token that no header can carry is the page's.
      if (thrown instanceof ValidationError && !isNew) return refuse("badToken");
      console.error("liveavatar-llm: a session could not be had", thrown);
      return isNew && !isLost(thrown) ? refuse("fault") : reply(SessionDesk.failure(0, !isNew));
    }
  }

  /** The module's side of this endpoint, in the instance that is current. */
  #at({ cors }: SessionEndpointOptions) {
    const exports = instance();
    if (this.#desk?.exports !== exports) {
      const text = json(cors ?? false, "/cors", "`cors`");
      try {
        this.#desk = { exports, desk: new exports.SessionDesk(text) };
      } catch (thrown) {
        throw fromModule(thrown, exports);
      }
    }
    return this.#desk;
  }
}

function settled(options: SessionEndpointOptions): SessionEndpointOptions {
  if (typeof options !== "object" || options === null || options instanceof Promise) {
    throw invalid("", "wrong_type", "a SessionEndpoint takes an object such as { liveAvatar, session, authorize }, or a function of `env` that gives one");
  }
  const { liveAvatar, session, authorize, ...rest } = options;
  if (typeof liveAvatar?.sessions?.createToken !== "function") throw invalid("/liveAvatar", "wrong_type", "`liveAvatar` must be a LiveAvatar, which has the API key");
  if (typeof session !== "function" && (typeof session !== "object" || session === null)) {
    throw invalid("/session", "wrong_type", "`session` must be what a session is asked to be, or a function that says so");
  }
  if (typeof authorize !== "function") {
    throw invalid("/authorize", authorize === undefined ? "missing" : "wrong_type", "`authorize` must be a function that says who may have a session, since a session costs credits");
  }
  const [unknown] = Object.keys(rest).filter((name) => name !== "cors");
  if (unknown !== undefined) throw invalid(`/${unknown}`, "unknown_member", `\`${unknown}\` is unknown: liveAvatar, session, authorize and cors may stand here`);
  return options;
}

/** Whether the service could not be reached, which is no fault of the options. */
function isLost(thrown: unknown): boolean {
  const { name } = (thrown ?? {}) as { name?: unknown };
  return name === "ConnectionError" || name === "DeadlineError";
}

function reply(answer: unknown, retryAfterMs?: number): Response {
  const { status, body } = answer as { status: number; body: string };
  const headers = new Headers({ "content-type": "application/json", "cache-control": "no-store" });
  if (status === 405) headers.set("allow", "POST");
  if (status === 401) headers.set("www-authenticate", "Bearer");
  if (retryAfterMs !== undefined) headers.set("retry-after", String(Math.ceil(retryAfterMs / 1000)));
  return new Response(body, { status, headers });
}
