// What can only be looked at, and the embed.

import { randomUUID } from "node:crypto";
import { badField, Invalid, notFound } from "./envelope.js";
import { flag, maybe, object, oneOf, optional, text, uuid, validate, whole } from "./fields.js";
import { usable } from "./avatars.js";

/** Models that LiveAvatar hosts. A custom LLM is none of them. */
export const MODELS = { openai: ["gpt-4o", "gpt-4o-mini", "gpt-5-nano", "gpt-5.4-nano"] };

export const routes = [
  ["GET", "/v1/llm-models", "none", () => MODELS, 200, "LLM models retrieved successfully"],
  ["GET", "/v1/languages", "none", () => LANGUAGES],
  ["GET", "/v1/users/credits", "key", ({ service }) => ({ credits_left: String(Math.round(service.creditsLeft() * 100) / 100) })],
  ["GET", "/v1/voice_agents", "key", ({ service }) => [...service.state.voiceAgents.values()].map(({ agent_configuration, ...shown }) => shown)],
  ["GET", "/v1/voice_agents/{agent_id}", "key", voiceAgent],
  ["POST", "/v2/embeddings", "key", embed],
];

const LANGUAGES = [
  { language: "English", code: "en" },
  { language: "German", code: "de" },
  { language: "Japanese", code: "ja" },
  { language: "Spanish", code: "es" },
];

function voiceAgent({ service, params }) {
  const agent = service.state.voiceAgents.get(params.agent_id);
  if (!agent) throw notFound("Voice agent");
  return agent;
}

// No member selects a custom LLM: an embed never uses one.
function embed({ service, body }) {
  const fields = validate(
    object({
      avatar_id: uuid(),
      context_id: maybe(uuid()),
      voice_agent_id: maybe(uuid()),
      voice_id: maybe(uuid()),
      type: optional(oneOf("DEFAULT", "WIDGET"), "DEFAULT"),
      max_session_duration: maybe(whole({ above: 0 })),
      default_language: maybe(text({ max: 5 })),
      is_sandbox: optional(flag(), false),
      orientation: optional(oneOf("horizontal", "vertical"), "horizontal"),
    }),
    body,
    ["body"],
  );
  if (!usable(service, fields.avatar_id)) throw badField("avatar_id", "You do not have access to this avatar");
  if (!fields.context_id && !fields.voice_agent_id) throw new Invalid([{ type: "missing", loc: ["body", "context_id"], msg: "Field required", input: body }]);
  if (fields.context_id && fields.voice_agent_id) throw badField("voice_agent_id", "Provide either context_id or voice_agent_id");
  const embed_id = randomUUID();
  return { embed_id, url: `https://embed.standin.invalid/v1/${embed_id}`, script: null, orientation: fields.orientation };
}
