// POST /v1/sessions/token: what a session may be asked to be, and what the service says to it.
//
// Checked here: types, UUIDs, exactly one of avatar_persona and voice_agent, sandbox rules, durations.
// Not checked here: whether llm_configuration_id exists (that comes at the start), and any member the service doesn't know.
// So an llm_configuration_id inside avatar_persona has no effect at all, and nobody says so.

import { badField, Invalid, Refusal } from "./envelope.js";
import { flag, map, maybe, nullable, number, object, oneOf, optional, tagged, text, uuid, validate, whole } from "./fields.js";
import { usable } from "./avatars.js";
import { MODELS } from "./catalogue.js";
import { WAYNE } from "./seeds.js";

const VIDEO = maybe(object({ quality: optional(oneOf("very_high", "high", "medium", "low"), "high"), encoding: optional(oneOf("VP8", "H264"), "H264") }));

const COMMON = {
  avatar_id: uuid(),
  is_sandbox: optional(flag(), false),
  video_settings: VIDEO,
  max_session_duration: maybe(whole({ above: 0 })),
};

const VARIABLES = map(nullable(text({ max: 1000 })), { entries: 50, key: 64 });

const VOICE_SETTINGS = tagged("provider", {
  elevenLabs: object({
    provider: text(),
    speed: optional(number({ min: 0.8, max: 1.2 }), 1),
    stability: optional(number({ min: 0, max: 1 }), 0.75),
    similarity_boost: optional(number({ min: 0, max: 1 }), 0.75),
    style: optional(number({ min: 0, max: 1 }), 0),
    use_speaker_boost: optional(flag(), true),
    model: optional(oneOf("eleven_flash_v2_5", "eleven_multilingual_v2"), "eleven_flash_v2_5"),
    apply_language_text_normalization: optional(flag(), false),
  }),
  fish: object({ provider: text(), speed: optional(number({ min: 0.8, max: 1.2 }), 1), model: optional(oneOf("s1", "s2"), "s2"), latency_mode: optional(oneOf("normal", "balanced"), "balanced") }),
  cartesia: object({ provider: text() }), // its further members: unknown
});

const PERSONA = object({
  voice_id: maybe(uuid()),
  context_id: maybe(uuid()),
  language: optional(text(), "en"),
  voice_settings: maybe(VOICE_SETTINGS),
  stt_config: maybe(object({ provider: optional(oneOf("deepgram", "assembly_ai", "gladia", "elevenlabs")) })),
  llm_settings: maybe(object({ provider: oneOf(...Object.keys(MODELS)), model: oneOf(...MODELS.openai) })),
});

const FULL = object({
  ...COMMON,
  avatar_persona: maybe(PERSONA),
  voice_agent: maybe(object({ id: uuid(), language: optional(text()), dynamic_variables: maybe(VARIABLES) })),
  interactivity_type: optional(oneOf("CONVERSATIONAL", "PUSH_TO_TALK"), "CONVERSATIONAL"),
  llm_configuration_id: maybe(uuid()),
  dynamic_variables: maybe(VARIABLES),
  memory: maybe(object({ prev_session_id: maybe(uuid()), session_memory_id: maybe(uuid()) })),
});

const OPENAI_VOICES = ["alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "shimmer", "sage", "verse", "marin", "cedar"];
const GEMINI_VOICES =
  "Achernar Achird Algenib Algieba Alnilam Aoede Autonoe Callirrhoe Charon Despina Enceladus Erinome Fenrir Gacrux Iapetus Kore Laomedeia Leda Orus Pulcherrima Puck Rasalgethi Sadachbia Sadaltager Schedar Sulafat Umbriel Vindemiatrix Zephyr Zubenelgenubi".split(" ");
const GEMINI_MODELS = ["gemini-3.1-flash-live-preview", "gemini-2.5-flash-native-audio-preview-12-2025"];

const LITE = object({
  ...COMMON,
  livekit_config: maybe(object({ livekit_url: text(), livekit_room: text(), livekit_client_token: text() })),
  agora_config: maybe(object({ agora_app_id: text(), agora_token: text(), agora_channel: text(), agora_uid: text() })),
  elevenlabs_agent_config: maybe(object({ secret_id: uuid(), agent_id: text(), voice_id: maybe(text()), dynamic_variables: maybe(map((value) => value)) })),
  openai_realtime_config: maybe(
    object({ secret_id: uuid(), context_id: maybe(uuid()), voice: optional(oneOf(...OPENAI_VOICES), "alloy"), temperature: optional(number({ min: 0.6, max: 1.2 }), 0.8), model: optional(text(), "gpt-realtime") }),
  ),
  gemini_realtime_config: maybe(
    object({ secret_id: uuid(), context_id: maybe(uuid()), voice: optional(oneOf(...GEMINI_VOICES), "Puck"), temperature: optional(number({ min: 0, max: 2 }), 0.8), model: optional(oneOf(...GEMINI_MODELS), GEMINI_MODELS[0]) }),
  ),
  cartesia_agent_config: maybe(object({ secret_id: uuid(), agent_id: text() })),
});

/** Members of a LITE request that make LiveAvatar open the room itself. */
export const CONNECTORS = ["elevenlabs_agent_config", "openai_realtime_config", "gemini_realtime_config", "cartesia_agent_config"];

/**
 * @param {object} service
 * @param {unknown} body
 * @returns {{ mode: "FULL" | "LITE", agent: object | undefined, [member: string]: any }} what the session will be
 */
export function checkToken(service, body) {
  const mode = body?.mode ?? "FULL";
  if (mode !== "FULL" && mode !== "LITE") {
    throw new Invalid([{ type: "union_tag_invalid", loc: ["body"], msg: `Input tag '${mode}' found using 'mode' does not match any of the expected tags: 'FULL', 'LITE'`, input: body, ctx: { tag: String(mode) } }]);
  }
  const request = { mode, ...validate(mode === "FULL" ? FULL : LITE, body, ["body"]) };
  if (mode === "FULL") checkFull(service, request, body);
  checkSandbox(service, request);
  checkExists(service, request, "token");
  return request;
}

function checkFull(service, request, body) {
  const problem = (field, msg, input) => new Invalid([{ type: "value_error", loc: ["body", ...field], msg, input }]);
  if (Boolean(request.avatar_persona) === Boolean(request.voice_agent)) throw problem([], "Provide exactly one of avatar_persona or voice_agent", body);

  const { avatar_persona: persona, voice_agent, memory } = request;
  if (persona?.voice_settings?.apply_language_text_normalization && persona.language !== "ja") {
    throw problem(["avatar_persona", "voice_settings"], "apply_language_text_normalization is only supported for language 'ja'", persona.language);
  }
  if (voice_agent) {
    if (request.dynamic_variables) throw badField("dynamic_variables", "Put dynamic_variables inside voice_agent");
    const agent = service.state.voiceAgents.get(voice_agent.id);
    if (!agent) throw badField("voice_agent", `Voice agent with id '${voice_agent.id}' not found in your space`);
    request.agent = agent;
    // The agent decides the mode, and whoever decides as well is turned down.
    if (agent.agent_type === "elevenlabs_agent") {
      if (body.mode !== undefined) throw badField("mode", "mode does not apply to an elevenlabs_agent; omit it");
      if (voice_agent.language !== undefined || voice_agent.dynamic_variables) throw badField("voice_agent", "language and dynamic_variables do not apply to an elevenlabs_agent");
      request.mode = "LITE";
    }
  }
  if (memory) checkMemory(service, memory);
}

function checkMemory({ state }, { prev_session_id, session_memory_id }) {
  const memory = session_memory_id && state.memory.get(session_memory_id);
  if (session_memory_id && !memory) throw badField("memory", `Memory with id '${session_memory_id}' not found in your space`);
  if (memory && prev_session_id && !memory.session_episodes.some(({ session_id }) => session_id === prev_session_id)) throw badField("memory", "prev_session_id and session_memory_id do not match");
}

function checkSandbox({ options }, { is_sandbox, avatar_id, max_session_duration }) {
  if (is_sandbox && avatar_id !== WAYNE) throw badField("avatar_id", `Avatar '${avatar_id}' is not supported in sandbox mode`);
  const cap = is_sandbox ? options.sandboxMaxDuration : options.maxSessionDuration;
  // Not clamped: an hour too much is no session at all.
  if (max_session_duration > cap) throw badField("max_session_duration", `max_session_duration (${max_session_duration}s) exceeds the maximum allowed (${cap}s)`);
}

/**
 * What the session names must exist. When that is noticed differs; the options say.
 * @param {object} service
 * @param {any} request
 * @param {"token" | "start"} moment
 */
export function checkExists(service, request, moment) {
  const { options, state } = service;
  const { context_id, voice_id } = request.avatar_persona ?? {};
  if (options.checkAvatar === moment && !usable(service, request.avatar_id)) throw badField("avatar_id", "You do not have access to this avatar");
  if (options.checkContext === moment && context_id && !state.contexts.has(context_id)) throw badField("context_id", `Context with id '${context_id}' not found in your space`);
  if (options.checkVoice === moment && voice_id && !state.voices.has(voice_id)) throw badField("voice_id", `Voice with id '${voice_id}' not found in your space`);
  if (moment === "start" && request.llm_configuration_id && !state.llmConfigurations.has(request.llm_configuration_id)) {
    throw new Refusal(400, `LLM configuration with id '${request.llm_configuration_id}' not found in your space`);
  }
}
