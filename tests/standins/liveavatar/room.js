// What stands for the room, since here is no WebRTC: text in, speech out (as text). Routes of the stand-in's own.
//
//   GET  /standin/rooms/{session_id}             → { session_id, live, ready, speaking, mode, interactivity_type, opening_text, messages, end_reason }
//   POST /standin/rooms/{session_id}/say         { text, push_to_talk? } → server-sent events, until the turn is over:
//          event: attempt   data: {"attempt":1}              the LLM is asked, for the first time or again
//          event: speaking  data: {"text":"Hello"}           the avatar says this
//          event: outcome   data: {"outcome":"spoken", "heard", "why", "attempts", "firstTextMs", "totalMs", "toolCalls"}
//   POST /standin/rooms/{session_id}/interrupt   → { interrupted: true }   barge-in; say() while the avatar speaks does the same
//
// A person who closes the page does not interrupt: the agent speaks on, as it does in a real room.


/**
 * @param {object} service
 * @param {{ method: string, path: string, body: any, response: import("node:http").ServerResponse, signal: AbortSignal }} request
 * @returns {Promise<boolean>} whether the path was one of the room's
 */
export async function answerRoom(service, { method, path, body, response, signal }) {
  const [, id, action = ""] = /^\/standin\/rooms\/([^/]+)(?:\/(say|interrupt))?$/.exec(path) ?? [];
  if (id === undefined) return false;
  const json = (status, data) => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(data));
  const session = service.state.sessions.get(id);

  if (method !== (action ? "POST" : "GET")) json(405, { error: `Use ${action ? "POST" : "GET"} here.` });
  else if (!session) json(404, { error: "No such session. Mint a token and start it first." });
  else if (!action) json(200, describe(session));
  else if (!session.live) json(409, { error: session.startedAt === null ? "The session is not started yet." : `The session has ended: ${session.endReason}.` });
  else if (!session.agent) json(409, { error: "A LITE session has no agent of LiveAvatar's, and so no LLM." });
  else if (action === "interrupt") json(200, { interrupted: session.agent.interrupt() });
  else if (typeof body?.text !== "string") json(400, { error: 'Send {"text": "…"}. An empty text stands for an utterance that was not understood.' });
  else if (session.request.interactivity_type === "PUSH_TO_TALK" && body.push_to_talk !== true) json(409, { error: "This session is PUSH_TO_TALK: nothing is heard until the button is held. Send push_to_talk: true." });
  else await say(session, body.text, response, signal);
  return true;
}

async function say(session, text, response, signal) {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  response.flushHeaders();
  const tell = (event, data) => signal.aborted || response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const outcome = await session.agent.say(text, ({ type, ...data }) => tell(type, data));
  tell("outcome", outcome);
  response.end();
}

function describe(session) {
  return {
    session_id: session.id,
    live: session.live,
    ready: session.ready,
    speaking: session.agent?.speaking ?? false,
    mode: session.request.mode,
    interactivity_type: session.request.interactivity_type ?? null,
    opening_text: session.agent?.context?.openingText ?? null,
    messages: session.agent?.messages ?? [],
    end_reason: session.endReason,
  };
}
