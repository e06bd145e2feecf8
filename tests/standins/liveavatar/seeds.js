// What an account finds when it first looks: avatars, voices, a context, a voice agent.
// The ids of the sandbox avatar, its voice and the demo context are the public ones; the others belong to this stand-in.

export const WAYNE = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a";
export const WAYNE_VOICE = "c2527536-6d1f-4412-a643-53a3497dada9";
export const DEMO_CONTEXT = "5b9dba8a-aa31-11f0-a6ee-066a7fa2e369";
export const OWN_AVATAR = "00000000-0000-4000-8000-00000000a001";
export const IMAGE_AVATAR = "00000000-0000-4000-8000-00000000a002";
export const OWN_VOICE = "00000000-0000-4000-8000-00000000b001";
export const VOICE_AGENT = "00000000-0000-4000-8000-00000000c001";
export const ELEVENLABS_AGENT = "00000000-0000-4000-8000-00000000c002";

const DAY_ONE = "2026-01-01T00:00:00Z";
const dates = { created_at: DAY_ONE, updated_at: DAY_ONE };

const avatar = (id, name, more) => ({
  id,
  space_id: null,
  type: "VIDEO",
  status: "ACTIVE",
  name,
  preview_url: null,
  is_expired: false,
  default_voice: { id: WAYNE_VOICE, name: "Wayne" },
  is_1080p: false,
  ...dates,
  error_message: null,
  ...more,
});

const voice = (id, name, more) => ({ id, name, description: null, language: "en", gender: "male", ...dates, tags: [], ...more });

/** Fresh state of an account, by noun. Maps keep the order of creation. */
export function seed() {
  const byId = (...items) => new Map(items.map((item) => [item.id, item]));
  return {
    secrets: new Map(),
    llmConfigurations: new Map(),
    memory: new Map(),
    sessions: new Map(),
    avatars: byId(avatar(OWN_AVATAR, "Stand-in avatar"), avatar(IMAGE_AVATAR, "Stand-in picture", { type: "IMAGE", default_voice: null })),
    publicAvatars: byId(avatar(WAYNE, "Wayne")),
    voices: byId(voice(WAYNE_VOICE, "Wayne"), voice(OWN_VOICE, "Stand-in voice", { gender: "female", private: true })),
    contexts: byId({ id: DEMO_CONTEXT, name: "Demo", prompt: "You are a friendly demo avatar. Keep your answers short.", opening_text: "Hello, I am the demo avatar.", links: null, ...dates }),
    voiceAgents: byId(
      {
        id: VOICE_AGENT,
        name: "Stand-in agent",
        agent_type: "liveavatar_agent",
        ...dates,
        agent_configuration: { voice_id: WAYNE_VOICE, context_id: DEMO_CONTEXT, language: "en", voice_settings: null, stt_config: null, llm_settings: { provider: "openai", model: "gpt-4o-mini" } },
      },
      { id: ELEVENLABS_AGENT, name: "Stand-in ElevenLabs agent", agent_type: "elevenlabs_agent", ...dates, agent_configuration: { agent_id: "stand-in" } },
    ),
  };
}
