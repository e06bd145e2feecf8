// A server that gives each fault under a path of its own.
//
//   const server = await startFaults();
//   server.baseUrl("bom")       an OpenAI base URL whose answers have that fault
//   server.baseUrl()            one whose answers have the fault that the request's model names: a client for all of them
//   server.requests("bom")      how many requests it has had
//   await server.close()

import { listen, pause, readBody, send } from "../standins/loopback.js";
import { FAULTS, play } from "./faults.js";
import { answer, ORDINARY } from "./faults/build.js";

const BY_MODEL = "by-model";

/**
 * @param {import("./faults/build.js").Fault[]} [list]
 * @returns {Promise<{ baseUrl: (name?: string) => string, requests: (name: string) => number, close: () => Promise<void> }>}
 */
export async function startFaults(list = FAULTS) {
  const faults = new Map(list.map((fault) => [fault.name, fault]));
  /** @type {Map<string, number>} */
  const counts = new Map();
  const server = await listen({ handle });

  async function handle(request, response, signal) {
    const body = await readBody(request);
    const path = request.url.split("/")[1];
    const name = path === BY_MODEL ? JSON.parse(body).model : path;
    const fault = faults.get(name);
    const attempt = counts.get(name) ?? 0;
    counts.set(name, attempt + 1);
    // Where the redirections lead.
    if (request.url === `/${path}/chat/elsewhere`) return request.method === "POST" ? give(answer(ORDINARY), response, signal) : void response.writeHead(405).end();
    if (!fault || request.url !== `/${path}/chat/completions`) return void response.writeHead(404).end();
    await give(fault.answers[Math.min(attempt, fault.answers.length - 1)], response, signal);
  }

  return {
    baseUrl: (name = BY_MODEL) => `${server.url}/${name}`,
    requests: (name) => counts.get(name) ?? 0,
    close: server.close,
  };
}

async function give(reply, response, signal) {
  await pause(reply.delay ?? 0, signal);
  const { socket } = response;
  const raw = reply.delimiter === "raw";
  // Without this header Node ends the body with the connection.
  if (reply.delimiter === "close") response.removeHeader("transfer-encoding");
  if (!raw) {
    response.writeHead(reply.status, reply.headers);
    response.flushHeaders();
  }
  await play(reply, {
    write: (bytes) => (raw ? socket.write(bytes) : send(response, bytes, signal)),
    end: () => (raw ? socket.end() : response.end()),
    destroy: () => socket.destroy(),
    sleep: (ms) => pause(ms, signal),
  });
}
