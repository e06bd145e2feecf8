// One answer to one chat completion: refused, streamed or whole, and at which point it breaks.

import { pause, send, untilGone } from "../loopback.js";
import { completion, failure, message, usage } from "./completion.js";
import { withoutFaults } from "./params.js";
import { wire } from "./wire.js";

const SSE = "text/event-stream; charset=utf-8";
const JSON_TYPE = "application/json";
const LOGIN_PAGE = "<!doctype html><html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>\n";

/**
 * @param {{ request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, signal: AbortSignal,
 *   serial: number, body: any, params: Record<string, any>, script: { speak: Function }, failures: Map<string, number> }} call
 */
export async function answer({ request, response, signal, serial, body, params, script, failures }) {
  if (params.failTimes !== undefined) params = spendFailure(params, failures);
  // What follows the redirect is the plain answer.
  if (request.url.startsWith(REDIRECTED)) params = withoutFaults(params);

  await pause(params.headersMs ?? 0, signal);
  if (signal.aborted) return;
  if (params.status) return refuse(response, params);
  if (params.redirect) return void response.writeHead(params.redirect, { location: `${REDIRECTED}${request.url}` }).end();
  if (params.html) return void response.writeHead(200, { "content-type": params.contentType ?? "text/html; charset=utf-8" }).end(LOGIN_PAGE);
  if (params.empty) return void response.writeHead(200, { "content-type": params.contentType ?? SSE }).end();

  const include = {
    usage: Boolean(params.usage || body.stream_options?.include_usage),
    obfuscation: body.stream_options?.include_obfuscation !== false,
  };
  const spoken = { finish: "stop", ...script.speak(body, params) };
  const limit = body.max_completion_tokens ?? body.max_tokens ?? Infinity;
  const context = { response, signal, body, params, spoken, limit, include, shapes: completion({ serial, model: body.model, include }) };
  return body.stream === true && !params.asJson ? stream(context) : whole(context);
}

const REDIRECTED = "/redirected";

function spendFailure(params, failures) {
  const id = params.id ?? "";
  const spent = failures.get(id) ?? 0;
  if (spent >= params.failTimes) return withoutFaults(params);
  failures.set(id, spent + 1);
  return params;
}

function refuse(response, { status, retryAfter, retryAfterMs }) {
  const headers = { "content-type": JSON_TYPE };
  if (retryAfter !== undefined) headers["retry-after"] = retryAfter;
  if (retryAfterMs !== undefined) headers["retry-after-ms"] = retryAfterMs;
  const [message, type, code] = REFUSALS[status] ?? [`The stand-in was told to answer ${status}.`, status < 500 ? "invalid_request_error" : "server_error", null];
  response.writeHead(status, headers).end(JSON.stringify(failure(message, type, code), null, 2));
}

const REFUSALS = {
  401: ["Incorrect API key provided.", "invalid_request_error", "invalid_api_key"],
  404: ["The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"],
  429: ["Rate limit reached. The stand-in was told to say so.", "requests", "rate_limit_exceeded"],
  500: ["The server had an error while processing your request.", "server_error", null],
  503: ["The engine is currently overloaded, please try again later.", "server_error", null],
};

async function stream({ response, signal, body, params, spoken, limit, include, shapes }) {
  response.writeHead(200, { "content-type": params.contentType ?? SSE, "cache-control": "no-cache" });
  response.flushHeaders();
  const out = wire(response, params, signal);
  const opening = shapes.delta({ role: "assistant", content: "", refusal: null, ...spoken.opening });

  if (params.roleFirst) {
    await out.event(opening);
    await out.flush();
  }
  await out.wait(params.ttftMs ?? 0);
  if (!params.roleFirst) await out.event(opening);

  const counts = { spoken: 0, reasoned: 0 };
  let sent = 0;
  let finish = spoken.finish;
  for (const delta of spoken.deltas) {
    if (signal.aborted) return;
    if (sent >= limit) {
      finish = "length";
      break;
    }
    if (await breaks(sent)) return;
    if (sent > 0 && params.gapMs) await out.wait(params.gapMs);
    await out.event(shapes.delta(delta));
    sent++;
    counts[delta.reasoning_content ? "reasoned" : "spoken"]++;
  }
  if (signal.aborted || (await breaks(sent))) return;

  if (!params.noFinish) await out.event(shapes.delta({}, finish));
  if (include.usage) await out.event(shapes.usage(usage(body, counts)));
  if (!params.noDone) await out.event("[DONE]");
  if (!params.holdOpen) return out.end();
  await out.flush();
  await untilGone(signal);

  /** Whether the answer breaks after so many deltas; it then has. */
  async function breaks(count) {
    const here = ["cutAt", "endAt", "hangAt", "errorAt"].find((name) => params[name] === count);
    if (!here) return false;
    await out.flush();
    if (here === "cutAt") cut(response, params);
    if (here === "endAt") response.end();
    if (here === "hangAt") {
      await out.wait(params.heartbeatMs ? Infinity : 0);
      await untilGone(signal);
    }
    if (here === "errorAt") {
      await out.event(failure("The server had an error while processing your request.", "server_error"));
      await out.end();
    }
    return true;
  }
}

async function whole({ response, signal, body, params, spoken, limit, shapes }) {
  const deltas = [...spoken.deltas];
  const kept = deltas.slice(0, limit);
  await pause((params.ttftMs ?? 0) + (params.gapMs ?? 0) * Math.max(0, kept.length - 1), signal);
  if (signal.aborted) return;

  const counts = { spoken: kept.filter((delta) => !delta.reasoning_content).length, reasoned: kept.filter((delta) => delta.reasoning_content).length };
  const finish = kept.length < deltas.length ? "length" : spoken.finish;
  const opening = spoken.opening ? [spoken.opening] : [{ content: "" }];
  // OpenAI indents an answer that is not streamed.
  let text = JSON.stringify(shapes.whole(message([...opening, ...kept]), finish, usage(body, counts)), null, 2);
  if (params.errorAt !== undefined) text = JSON.stringify(failure("The server had an error while processing your request.", "server_error"), null, 2);

  response.writeHead(200, { "content-type": params.contentType ?? JSON_TYPE });
  const half = text.slice(0, text.length / 2);
  if (params.endAt !== undefined) return void response.end(half);
  if (params.hangAt === undefined && params.cutAt === undefined) return void response.end(text);
  await send(response, half, signal);
  if (params.cutAt !== undefined) return cut(response, params);
  await untilGone(signal);
}

function cut(response, { rst }) {
  response.cutHere = true;
  if (rst) response.socket?.resetAndDestroy();
  else response.destroy();
}
