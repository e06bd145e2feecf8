// Where the avatar hears and speaks. The stand-in has rooms of its own. A real session is in a LiveKit room that no page of
// ours joins: it is rehearsed instead, by a session of the stand-in with the same LLM, so that what is heard here is what
// LiveAvatar's caller would make of it. The context is the stand-in's.

import { DEMO_CONTEXT, OWN_AVATAR, startLiveAvatar } from "../../tests/standins/liveavatar.js";

export class Rooms {
  #standin;
  #LiveAvatar;
  /** The rehearsing session's id by the real one's; undefined while the stand-in is the service itself. @type {Map<string, string> | undefined} */
  #rehearsals;
  #here;
  #secret;

  /**
   * @param {Awaited<ReturnType<typeof startLiveAvatar>>} standin
   * @param {{ LiveAvatar: new (options: object) => any, isReal: boolean, here: (baseUrl: string) => string, secret: string }} parts
   *   here: where an address that was registered for LiveAvatar is found from this computer; secret: what it is registered with
   */
  constructor(standin, { LiveAvatar, isReal, here, secret }) {
    this.#standin = standin;
    this.#LiveAvatar = LiveAvatar;
    this.#rehearsals = isReal ? new Map() : undefined;
    this.#here = here;
    this.#secret = secret;
  }

  /**
   * Makes sure that a started session has a room here.
   * @param {string} session_id
   * @param {string} llm_configuration_id that of the session
   * @param {any} liveAvatar the client of the real service
   */
  async open(session_id, llm_configuration_id, liveAvatar) {
    if (!this.#rehearsals) return;
    const { base_url, model_name } = await liveAvatar.llmConfigurations.get(llm_configuration_id);
    const rehearsing = new this.#LiveAvatar({ apiKey: this.#standin.apiKey, baseUrl: this.#standin.url });
    const name = `Rehearsal of ${session_id}`;
    const secret = await rehearsing.secrets.create({ secret_type: "OPENAI_API_KEY", secret_name: name, secret_value: this.#secret });
    const configuration = await rehearsing.llmConfigurations.create({ display_name: name, model_name, secret_id: secret.id, base_url: this.#here(base_url) });
    const token = await rehearsing.sessions.createToken({
      mode: "FULL",
      avatar_id: OWN_AVATAR,
      llm_configuration_id: configuration.id,
      avatar_persona: { context_id: DEMO_CONTEXT },
    });
    await rehearsing.sessions.start(token.session_token);
    this.#rehearsals.set(session_id, token.session_id);
  }

  /**
   * @param {string} session_id
   * @returns {{ agent: import("../../tests/standins/liveavatar/agent.js").Agent, ended: string | null } | undefined}
   */
  get(session_id) {
    const id = this.#rehearsals ? this.#rehearsals.get(session_id) : session_id;
    const session = this.#standin.state.sessions.get(id);
    return session?.agent ? { agent: session.agent, ended: session.live ? null : session.endReason } : undefined;
  }
}
