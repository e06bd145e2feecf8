// What the page asks of its own server, which holds the keys: the three steps and the talk. Each step answers with what went
// over the wire, and with what the library gave or threw.
//
//   GET   /api/setup                              what is real, what to register, what the stand-in LLM can do
//   POST  /api/secrets                            { exchanges, data | error }, likewise the next three
//   POST  /api/llm-configurations
//   PATCH /api/llm-configurations/{id}
//   POST  /api/sessions                           { payload, former? } mints a token and starts; the former session is stopped
//   POST  /api/sessions/{session_id}/say          { text } → server-sent events until the turn is over, each with a `type`:
//           attempt { attempt }, bytes { ms }, speaking { text, ms }, outcome { … } and report { … }
//   POST  /api/sessions/{session_id}/interrupt    { interrupted }

import { setTimeout as sleep } from "node:timers/promises";

import { DOTS, recorder } from "./record.js";

/**
 * @param {{ connect: (fetch?: (request: Request) => Promise<Response>) => any, rooms: import("./rooms.js").Rooms,
 *   keys: import("./record.js").Keys, secret: string, setup: object,
 *   reports: Map<string, (report: object) => void>, made: { kind: "secrets" | "llmConfigurations" | "sessions", id: string }[] }} parts
 *   connect: a client of LiveAvatar, over a fetch of ours or the usual one; secret: what LiveAvatar is to send; reports: who wants to know of the endpoint's
 *   turns, by room; made: gets what has to be undone at the end
 * @returns {(request: Request) => Promise<Response>}
 */
export function api({ connect, rooms, keys, secret, setup, reports, made }) {
  const routes = [
    ["GET", /^\/api\/setup$/, () => json(setup)],
    ["POST", /^\/api\/secrets$/, (request) => step(request, createSecret)],
    ["POST", /^\/api\/llm-configurations$/, (request) => step(request, createConfiguration)],
    ["PATCH", /^\/api\/llm-configurations\/([^/]+)$/, (request, id) => step(request, (client, changes) => client.llmConfigurations.update(id, changes))],
    ["POST", /^\/api\/sessions$/, (request) => step(request, startSession)],
    ["POST", /^\/api\/sessions\/([^/]+)\/say$/, say],
    ["POST", /^\/api\/sessions\/([^/]+)\/interrupt$/, (_, id) => json({ interrupted: rooms.get(id)?.agent.interrupt() ?? false })],
  ];

  return async (request) => {
    const { pathname } = new URL(request.url);
    const found = routes.find(([method, path]) => method === request.method && path.test(pathname));
    if (!found) return json({ error: { name: "Error", message: "There is nothing here." } }, 404);
    const [, path, handle] = found;
    return handle(request, path.exec(pathname)[1]);
  };

  function json(value, status = 200) {
    return Response.json(keys.hide(value), { status, headers: { "cache-control": "no-store" } });
  }

  /** Does one step with a client of its own. What the library throws is part of what is shown. */
  async function step(request, work) {
    const { fetch, exchanges } = recorder(keys);
    try {
      const data = await work(connect(fetch), await request.json());
      keys.learn(data);
      return json({ exchanges, data });
    } catch (error) {
      return json({ exchanges, error: told(error) });
    }
  }

  async function createSecret(client, body) {
    // The page has dots where the key goes.
    const data = await client.secrets.create(body?.secret_value === DOTS ? { ...body, secret_value: secret } : body);
    made.push({ kind: "secrets", id: data.id });
    return data;
  }

  async function createConfiguration(client, body) {
    const data = await client.llmConfigurations.create(body);
    made.push({ kind: "llmConfigurations", id: data.id });
    return data;
  }

  async function startSession(client, { payload, former }) {
    // An account may have few sessions at once.
    if (former) await client.sessions.stop({ session_id: former });
    const { session_id, session_token } = await client.sessions.createToken(payload);
    keys.add(session_token);
    const started = await client.sessions.start(session_token);
    made.push({ kind: "sessions", id: session_id });
    let unheard;
    try {
      await rooms.open(session_id, payload.llm_configuration_id, connect());
    } catch (error) {
      unheard = told(error);
    }
    return { ...started, greeting: rooms.get(session_id)?.agent.context?.openingText ?? null, unheard };
  }

  async function say(request, id) {
    const room = rooms.get(id);
    const { text } = await request.json();
    if (!room) return json({ error: { name: "Error", message: "There is no such session. Start one." } }, 404);
    if (room.ended !== null) return json({ error: { name: "Error", message: `The session has ended: ${room.ended}. Start another.`, ended: room.ended } }, 409);

    let isOpen = true;
    const body = new ReadableStream({
      async start(controller) {
        const encoder = new TextEncoder();
        const tell = (event) => isOpen && controller.enqueue(encoder.encode(`data: ${JSON.stringify(keys.hide(event))}\n\n`));
        await listen(room.agent, String(text), tell);
        if (isOpen) controller.close();
      },
      // Whoever leaves the page doesn't interrupt: the agent speaks on, as in a real room.
      cancel: () => void (isOpen = false),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" } });
  }

  /** One turn, told as it happens; with its outcome, and with what the endpoint reports. */
  async function listen(agent, text, tell) {
    const { roomId } = agent.room;
    const start = performance.now();
    const ms = () => Math.round(performance.now() - start);
    let reported;
    const report = new Promise((resolve) => (reported = resolve));
    reports.set(roomId, ({ error, ...rest }) => {
      tell({ type: "report", ...rest, ...(error && { error: told(error) }) });
      reported();
    });
    const hear = (heard) => tell({ ...heard, ms: ms() });
    const outcome = await agent.say(text, hear, () => tell({ type: "bytes", ms: ms() }));
    tell({ type: "outcome", ...outcome, ms: ms() });
    // The endpoint reports once its answer is closed, which may be a moment after the last word. One that wasn't asked never does.
    if (setup.endpoint.isAsked) await Promise.race([report, sleep(500)]);
    reports.delete(roomId);
  }
}

/** An error as the library gives it. */
function told(error) {
  const { name, message, code, status, serviceCode, requestId, retryAfterMs, phase, kind, issues } = error;
  return { name, message, code, status, serviceCode, requestId, retryAfterMs, phase, kind, issues };
}
