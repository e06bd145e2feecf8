// A stand-in for an OpenAI-compatible LLM: scripted, and it says so. For tests and for trying things without a key.
//
//   node tests/standins/llm.js --port 8080          LLM_STANDIN_KEY in the environment, if set, is the key it asks for
//
//   import { startLlm } from "./llm.js";
//   const llm = await startLlm({ port: 0, key });   key: requests need `Authorization: Bearer <key>`; without it none is asked
//   llm.url, llm.baseUrl                            "http://127.0.0.1:1234" and the same with "/v1"
//   llm.requests                                    every request but preflights, newest last:
//                                                   { method, path, query, headers, body, model, status, aborted }
//                                                   aborted: the peer hung up before the answer was complete
//   await llm.waitFor(r => r.aborted)               the first recorded request, past or to come, that satisfies; gives up after 10 s
//   llm.script("mine", handler)                     model "mine" runs your handler (see below)
//   await llm.close()                               ends every connection
//
// Routes: POST …/chat/completions, GET …/models, GET / (says what this is), under any prefix ("/v1", "/openai", none), for browsers too.
//
// The model names what happens: `<script>[?param=value&…]`. GET / lists the scripts (llm/scripts.js) and parameters (llm/params.js):
//   hello                              "Hello world" in two deltas
//   count?tokens=200&gapMs=20          two hundred tokens, fifty a second
//   hello?status=429&retryAfter=1&failTimes=2&id=a    two refusals, then success; take a fresh id in each test
//   echo?cutAt=3                       the connection drops after the third delta
//   any other name                     a friendly answer that says it is a stand-in, and what was asked
//
// A handler of your own has full control of the bytes:
//   llm.script("odd", async ({ body, headers, params, write, end, destroy, res, signal }) => {
//     res.writeHead(200, { "content-type": "text/event-stream" });   // without this, write() sends just that
//     await write("data: {}\n\n");                                   // string or bytes; resolves when flushed
//     end();                                                         // or destroy(); returning without either keeps it open
//   });

import { listen, readBody, runAsProgram, send } from "./loopback.js";
import { answer } from "./llm/answer.js";
import { failure } from "./llm/completion.js";
import { PARAMS, parseModel } from "./llm/params.js";
import { DEFAULT_SCRIPT, SCRIPTS } from "./llm/scripts.js";

/**
 * @typedef {{ method: string, path: string, query: Record<string, string>, headers: import("node:http").IncomingHttpHeaders,
 *   body: any, model: string | undefined, status: number | undefined, aborted: boolean }} LlmRequest
 * @typedef {{ body: any, headers: import("node:http").IncomingHttpHeaders, params: Record<string, any>,
 *   write: (bytes: string | Uint8Array) => Promise<void>, end: (bytes?: string | Uint8Array) => void, destroy: () => void,
 *   res: import("node:http").ServerResponse, signal: AbortSignal }} LlmCall
 */

/**
 * @param {{ port?: number, key?: string }} [options]
 * @returns {Promise<{ url: string, baseUrl: string, requests: LlmRequest[],
 *   script: (name: string, handler: (call: LlmCall) => unknown) => void,
 *   waitFor: (predicate: (request: LlmRequest) => boolean, options?: { timeoutMs?: number }) => Promise<LlmRequest>,
 *   close: () => Promise<void> }>}
 */
export async function startLlm({ port = 0, key } = {}) {
  const requests = [];
  const handlers = new Map();
  const failures = new Map(); // how often each failTimes id has failed
  const waiting = new Set();
  let serial = 0;

  const server = await listen({ port, handle });
  return { url: server.url, baseUrl: `${server.url}/v1`, requests, script, waitFor, close };

  async function handle(request, response, signal) {
    allowBrowsers(request, response);
    if (request.method === "OPTIONS") return void response.writeHead(204).end();

    const call = { request, response, signal, serial: ++serial, failures };
    response.setHeader("x-request-id", `req_${String(serial).padStart(32, "0")}`);
    const { pathname, searchParams } = new URL(request.url, "http://stand-in");
    const raw = await readBody(request);
    call.body = parseJson(raw);
    record(call, { method: request.method, path: pathname, query: Object.fromEntries(searchParams), body: call.body ?? raw });

    if (request.method === "GET" && pathname === "/") return void response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(introduction());
    if (key && request.headers.authorization !== `Bearer ${key}`) return refuse(response, 401, failure(wrongKey(request), "invalid_request_error", "invalid_api_key"));
    if (request.method === "GET" && /^(?:\/.*)?\/models$/.test(pathname)) return listModels(response);
    // A doubled path is what a base URL that already ends in /chat/completions leads to. It must not work here either.
    if (/^(?!.*\/chat\/completions\/)(?:\/.*)?\/chat\/completions$/.test(pathname)) {
      if (request.method === "POST") return complete(call);
      return refuse(response, 405, failure("Only POST requests are accepted.", "invalid_request_error", "method_not_supported"));
    }
    return refuse(response, 404, failure(`Invalid URL (${request.method} ${pathname})`, "invalid_request_error"));
  }

  function record({ request, response, body }, entry) {
    const added = {
      ...entry,
      headers: request.headers,
      model: typeof body?.model === "string" ? body.model : undefined,
      get status() {
        return response.headersSent ? response.statusCode : undefined;
      },
      aborted: false,
    };
    requests.push(added);
    const tell = () => waiting.forEach((look) => look(added));
    response.once("close", () => {
      // A connection that the stand-in cut itself is not one that the peer hung up.
      added.aborted = !response.writableFinished && !response.cutHere;
      tell();
    });
    tell();
  }

  async function complete(call) {
    const { body, response } = call;
    if (!body || typeof body !== "object") return refuse(response, 400, failure("We could not parse the JSON body of your request.", "invalid_request_error"));
    if (typeof body.model !== "string" || !body.model) return refuse(response, 400, failure("you must provide a model parameter", "invalid_request_error"));
    if (!Array.isArray(body.messages)) return refuse(response, 400, failure("Missing required parameter: 'messages'.", "invalid_request_error", "missing_required_parameter", "messages"));

    const own = handlers.get(body.model.split("?")[0]);
    if (own) return runHandler(own, call);
    let named;
    try {
      named = parseModel(body.model);
    } catch (error) {
      return refuse(response, 400, failure(error.message, "invalid_request_error", "standin_parameter", "model"));
    }
    return answer({ ...call, ...named, script: SCRIPTS[named.script] ?? DEFAULT_SCRIPT });
  }

  async function runHandler(handler, { request, response, signal, body }) {
    await handler({
      body,
      headers: request.headers,
      params: Object.fromEntries(new URLSearchParams(body.model.split("?")[1] ?? "")),
      write: (bytes) => {
        if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
        return send(response, bytes, signal);
      },
      end: (bytes) => void response.end(bytes),
      destroy: () => {
        response.cutHere = true;
        response.destroy();
      },
      res: response,
      signal,
    });
  }

  function listModels(response) {
    const names = [...Object.keys(SCRIPTS), ...handlers.keys()];
    const data = names.map((id) => ({ id, object: "model", created: 0, owned_by: "stand-in" }));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ object: "list", data }, null, 2));
  }

  function script(name, handler) {
    if (typeof name !== "string" || !name || name.includes("?")) throw new TypeError("script(name, handler): name must be a text without a question mark");
    if (typeof handler !== "function") throw new TypeError("script(name, handler): handler must be a function");
    handlers.set(name, handler);
  }

  function waitFor(predicate, { timeoutMs = 10_000 } = {}) {
    const found = requests.find(predicate);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const settle = (action, value) => {
        waiting.delete(look);
        clearTimeout(timer);
        action(value);
      };
      const look = (entry) => {
        try {
          if (entry === null) settle(reject, new Error("The stand-in LLM was closed before a request satisfied waitFor."));
          else if (predicate(entry)) settle(resolve, entry);
        } catch (error) {
          settle(reject, error);
        }
      };
      const timer = setTimeout(() => settle(reject, new Error(`No request satisfied waitFor within ${timeoutMs} ms; ${requests.length} arrived.`)), timeoutMs);
      waiting.add(look);
    });
  }

  async function close() {
    await server.close();
    waiting.forEach((look) => look(null));
  }
}

function allowBrowsers(request, response) {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", "x-request-id, retry-after, retry-after-ms");
  if (request.method !== "OPTIONS") return;
  response.setHeader("access-control-allow-methods", "GET, POST, OPTIONS");
  // A star doesn't cover Authorization, so whatever is asked for is named.
  response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "authorization, content-type");
  response.setHeader("access-control-max-age", "600");
}

function refuse(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body, null, 2));
}

const wrongKey = (request) =>
  request.headers.authorization
    ? "Incorrect API key provided. Send the key that this stand-in was started with, as `Authorization: Bearer <key>`."
    : "You didn't provide an API key. Send the one that this stand-in was started with, as `Authorization: Bearer <key>`.";

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function introduction() {
  const list = (table) => Object.entries(table).map(([name, { about }]) => `  ${name.padEnd(14)}${about}`);
  return [
    "This is a stand-in for an OpenAI-compatible LLM. It is scripted: no model thinks here.",
    "",
    "POST /v1/chat/completions, GET /v1/models. The model name says what happens: <script>?<param>=<value>&…",
    "",
    "Scripts",
    ...list({ ...SCRIPTS, "(any other)": DEFAULT_SCRIPT }),
    "",
    "Parameters",
    ...list(PARAMS),
    "",
  ].join("\n");
}

await runAsProgram(import.meta.url, async (port) => {
  const llm = await startLlm({ port, key: process.env.LLM_STANDIN_KEY });
  return { close: llm.close, banner: `Stand-in LLM (scripted) at ${llm.url}, base URL ${llm.baseUrl}. Ctrl-C ends it.` };
});
