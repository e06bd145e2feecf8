// A stand-in for the LiveAvatar service: its REST API with everything kept in memory, and its caller, which really asks the registered LLM.
// For tests and for trying things without an account. Strict where the service is strict, silent where it is silent. Not the real thing:
// there is no video and no sound, and where nothing public says what the service does, an option says what happens here (liveavatar/options.js).
//
//   node tests/standins/liveavatar.js --port 8081 [--allow-remote]      LIVEAVATAR_STANDIN_KEY sets the API key
//
//   import { startLiveAvatar } from "./liveavatar.js";
//   const liveavatar = await startLiveAvatar({ port: 0, apiKey, allowRemote: false, now: Date.now, ...options });
//   liveavatar.url, liveavatar.apiKey        where, and what X-API-KEY has to say
//   liveavatar.options                       the options in force; liveavatar.set({ names: "guide" }) changes some
//   liveavatar.fail({ kind, on?, times? })   the next request (to `on`) goes wrong: liveavatar/faults.js
//   liveavatar.advance(ms)                   moves the clock, so that sessions grow old
//   liveavatar.state                         maps of secrets, llmConfigurations, contexts, avatars, publicAvatars, voices, voiceAgents, memory, sessions
//   liveavatar.requests                      every API request, newest last: { method, path, query, headers, body, status }
//   liveavatar.turns                         every turn the caller took: { session_id, text, url, messages, outcome }
//   liveavatar.room(session_id)              the agent of a started FULL session: say(text, listen, arrived), interrupt(), messages, speaking
//   await liveavatar.close()                 ends sessions and connections
//
// The same over HTTP, for pages and other processes: GET /standin, POST /standin/options {…}, POST /standin/fail {…},
// POST /standin/clock {"advanceMs": 60000}, GET /standin/turns, and the room: /standin/rooms/{session_id}/say (liveavatar/room.js).
//
// Read on in liveavatar/: token.js, sessions.js, secrets.js, llmConfigurations.js … are the API by noun; caller.js, exchange.js and judge.js
// are the caller; agent.js is what remembers the conversation.

import { listen, readBody, runAsProgram } from "./loopback.js";
import { Service } from "./liveavatar/service.js";

export { IMAGE_AVATAR, DEMO_CONTEXT, ELEVENLABS_AGENT, OWN_AVATAR, OWN_VOICE, VOICE_AGENT, WAYNE, WAYNE_VOICE } from "./liveavatar/seeds.js";

/** The key of a stand-in that was not given another. It opens nothing else. */
export const STANDIN_KEY = "standin-liveavatar-key";

/**
 * @param {{ port?: number, apiKey?: string, allowRemote?: boolean, now?: () => number, [option: string]: any }} [settings]
 *   allowRemote: lets the caller leave this computer, as a real LLM behind base_url needs; now: milliseconds since 1970
 * @returns {Promise<{ url: string, apiKey: string, options: Record<string, any>, state: Record<string, Map<string, any>>, requests: object[], turns: object[],
 *   set: (options: Record<string, any>) => void, fail: (fault: import("./liveavatar/faults.js").Fault) => void, advance: (ms: number) => void,
 *   room: (sessionId: string) => import("./liveavatar/agent.js").Agent | null, close: () => Promise<void> }>}
 */
export async function startLiveAvatar({ port = 0, apiKey = STANDIN_KEY, allowRemote = false, now = Date.now, ...options } = {}) {
  const service = new Service({ apiKey, allowRemote, now, options });
  const server = await listen({ port, handle: async (request, response, signal) => service.answer(request, response, signal, await readBody(request)) });
  return {
    url: server.url,
    apiKey,
    options: service.options,
    state: service.state,
    requests: service.requests,
    turns: service.turns,
    set: (changes) => service.set(changes),
    fail: (fault) => service.faults.plan(fault),
    advance: (ms) => service.advance(ms),
    room: (sessionId) => service.state.sessions.get(sessionId)?.agent ?? null,
    close: () => {
      service.close();
      return server.close();
    },
  };
}

await runAsProgram(
  import.meta.url,
  async (port, { "allow-remote": allowRemote }) => {
    const liveavatar = await startLiveAvatar({ port, allowRemote, ...(process.env.LIVEAVATAR_STANDIN_KEY && { apiKey: process.env.LIVEAVATAR_STANDIN_KEY }) });
    const key = liveavatar.apiKey === STANDIN_KEY ? `API key ${STANDIN_KEY}` : "API key from LIVEAVATAR_STANDIN_KEY";
    return { close: liveavatar.close, banner: `Stand-in LiveAvatar at ${liveavatar.url}, ${key}. Ctrl-C ends it.` };
  },
  { "allow-remote": { type: "boolean", default: false } },
);
