// Everything that runs behind the page: the LLM, the endpoint, LiveAvatar and the page's server, each a stand-in or real.

import { randomBytes } from "node:crypto";

import { OWN_AVATAR, WAYNE, WAYNE_VOICE, DEMO_CONTEXT, startLiveAvatar } from "../../tests/standins/liveavatar.js";
import { startLlm } from "../../tests/standins/llm.js";
import { listen } from "../../tests/standins/loopback.js";
import { Failure } from "../process.js";
import { adapt } from "./adapter.js";
import { api } from "./api.js";
import { BEHAVIOURS } from "./behaviours.js";
import { page } from "./page.js";
import { DOTS, Keys } from "./record.js";
import { Rooms } from "./rooms.js";

const LIVEAVATAR = "https://api.liveavatar.com";

/**
 * @param {import("./settings.js").Settings} wanted
 * @param {any} library the package
 * @returns {Promise<{ url: string, setup: any, moved: string[], close: () => Promise<string[]> }>}
 *   moved: ports that were taken; close gives what it undid at the real LiveAvatar
 */
export async function startParts(wanted, library) {
  const { LiveAvatar, ChatEndpoint, validateLlmConfiguration } = library;
  const running = [];
  const moved = [];
  const made = [];
  const keys = new Keys();
  const token = randomBytes(24).toString("base64url");
  keys.add(token, wanted.liveAvatar?.apiKey, wanted.llm?.apiKey);
  const isPublic = (base_url) =>
    !validateLlmConfiguration({ display_name: "-", model_name: "-", secret_id: "-", base_url }).some(({ code }) => code === "url_not_public");
  if (wanted.liveAvatar && wanted.publicUrl && !isPublic(wanted.publicUrl)) {
    throw new Failure(`PUBLIC_URL must be an address at which LiveAvatar can reach this computer, such as a tunnel's; ${wanted.publicUrl} is none.`);
  }

  try {
    // The stand-in asks for the endpoint's token as well, so that it can be registered without the endpoint between.
    const llm = wanted.llm ?? (await part(startLlm({ key: token })));
    const { reports, url } = await endpoint({ ChatEndpoint, token, llm, apiKey: wanted.llm ? wanted.llm.apiKey : token });
    const local = `${url}/v1`;

    const isReal = wanted.liveAvatar !== undefined;
    const isDirect = isReal && !wanted.publicUrl && wanted.llm !== undefined && isPublic(llm.baseUrl);
    const registered = !isReal ? local : isDirect ? llm.baseUrl : (wanted.publicUrl ?? local);
    const secret = isDirect ? (wanted.llm.apiKey ?? token) : token;
    const standin = await part(startLiveAvatar({ allowRemote: isDirect }));
    keys.add(standin.apiKey);

    const service = isReal ? set(wanted.liveAvatar) : { apiKey: standin.apiKey, baseUrl: standin.url };
    const connect = (fetch, options) => new LiveAvatar({ ...service, ...(fetch && { fetch }), ...options });
    const setup = {
      liveAvatar: { isReal, url: service.baseUrl ?? LIVEAVATAR },
      endpoint: { isAsked: !isDirect, url: local },
      llm: { isReal: wanted.llm !== undefined, url: llm.baseUrl, model: wanted.llm?.model },
      registered,
      isUnreachable: isReal && !isPublic(registered),
      behaviours: wanted.llm ? [] : behaviours(wanted.model),
      direct: wanted.llm || isReal ? null : llm.baseUrl,
      requests: requests({ isReal, registered, model: wanted.llm?.model }),
    };
    const here = (baseUrl) => (baseUrl === wanted.publicUrl ? local : baseUrl);
    const rooms = new Rooms(standin, { LiveAvatar, isReal, here, secret });
    const answer = page(api({ connect, rooms, keys, secret, setup, reports, made }));
    const { url: open } = await at(wanted.port, "page", answer);
    return { url: `${open}/`, setup, moved, close: async () => [...(isReal ? await undo(connect(undefined, { timeoutMs: 5000, maxRetries: 0 }), made) : []), ...(await close())] };
  } catch (error) {
    await close();
    throw error;
  }

  async function part(starting) {
    const started = await starting;
    running.push(started);
    return started;
  }

  async function close() {
    await Promise.all(running.map((one) => one.close()));
    return [];
  }

  async function endpoint({ ChatEndpoint, token, llm, apiKey }) {
    const reports = new Map();
    const { fetch } = new ChatEndpoint({
      source: set({ baseUrl: llm.baseUrl, apiKey }),
      auth: { bearer: token },
      onTurn: (report) => reports.get(report.roomId)?.(report),
    });
    const { url } = await at(wanted.port && wanted.port + 1, "endpoint", fetch);
    return { reports, url };
  }

  /** Listens at a port, or at another if it is taken. */
  async function at(port, what, fetch) {
    const handle = adapt(fetch);
    try {
      return await part(listen({ port, handle }));
    } catch (error) {
      if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
      const why = error.code === "EADDRINUSE" ? "is taken" : "is not free for everybody";
      // A tunnel leads to this very port.
      if (what === "endpoint" && wanted.publicUrl) throw new Failure(`Port ${port} ${why}, and PUBLIC_URL should lead to the endpoint there: choose another PORT; the endpoint is at the next one.`);
      const found = await part(listen({ port: 0, handle }));
      moved.push(`Port ${port} ${why}: the ${what} is at ${new URL(found.url).port} instead.`);
      return found;
    }
  }
}

/** The stand-in's behaviours, the wanted model first. */
const behaviours = (model) => (model === undefined ? BEHAVIOURS : [{ name: `does «${model}»`, model_name: model, about: "What LLM_MODEL says." }, ...BEHAVIOURS]);

/** Without what is undefined, which the library takes for a variable that was forgotten. */
const set = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** The three requests of the guide, to begin with. Ids come as they are made. */
function requests({ isReal, registered, model }) {
  return {
    secret: { secret_type: "OPENAI_API_KEY", secret_name: "My LLM key", secret_value: DOTS },
    llm_configuration: { display_name: "My custom LLM", model_name: model ?? null, secret_id: null, base_url: registered },
    session: {
      mode: "FULL",
      // The sandbox costs nothing, and has this one avatar.
      ...(isReal ? { avatar_id: WAYNE, is_sandbox: true } : { avatar_id: OWN_AVATAR }),
      llm_configuration_id: null,
      avatar_persona: { voice_id: WAYNE_VOICE, context_id: DEMO_CONTEXT },
    },
  };
}

/** Ends and deletes what this run made at the real LiveAvatar: its endpoint and token are gone with it. */
async function undo(client, made) {
  const undone = [];
  for (const { kind, id } of made.reverse()) {
    try {
      await (kind === "sessions" ? client.sessions.stop({ session_id: id }) : client[kind].delete(id));
      undone.push(`${{ sessions: "ended session", llmConfigurations: "deleted LLM configuration", secrets: "deleted secret" }[kind]} ${id}`);
    } catch (error) {
      if (error.code !== "not_found") undone.push(`could not undo ${id}: ${error.message}`);
    }
  }
  return undone;
}
