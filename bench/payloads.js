// A whole session's payload held against what it must be, by this package and by others that were told the same.

import Ajv from "ajv";
import { z } from "zod";

import { validateSessionToken } from "../pkg/index.js";

const UUID = "11111111-2222-4333-8444-555555555555";

/** All that a session in FULL mode may have. */
export const payload = {
  mode: "FULL",
  avatar_id: UUID,
  is_sandbox: false,
  video_settings: { quality: "high", encoding: "H264" },
  max_session_duration: 600,
  avatar_persona: {
    voice_id: UUID,
    context_id: UUID,
    language: "en",
    voice_settings: {
      provider: "elevenLabs", speed: 1, stability: 0.75, similarity_boost: 0.75, style: 0, use_speaker_boost: true,
      model: "eleven_flash_v2_5", apply_language_text_normalization: false,
    },
    stt_config: { provider: "deepgram" },
  },
  interactivity_type: "CONVERSATIONAL",
  llm_configuration_id: UUID,
  dynamic_variables: { name: "Rose", city: "Paris", topic: "Coffee" },
  memory: { prev_session_id: UUID, session_memory_id: UUID },
};

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
const zod = z.object({
  mode: z.literal("FULL").optional(),
  avatar_id: uuid,
  is_sandbox: z.boolean().optional(),
  video_settings: z.object({ quality: z.enum(["very_high", "high", "medium", "low"]).optional(), encoding: z.enum(["VP8", "H264"]).optional() }).nullish(),
  max_session_duration: z.number().int().min(1).nullish(),
  avatar_persona: z.object({
    voice_id: uuid.nullish(),
    context_id: uuid.nullish(),
    language: z.string().optional(),
    voice_settings: z.discriminatedUnion("provider", [
      z.object({
        provider: z.literal("elevenLabs"), speed: z.number().min(0.8).max(1.2).optional(), stability: z.number().min(0).max(1).optional(),
        similarity_boost: z.number().min(0).max(1).optional(), style: z.number().min(0).max(1).optional(), use_speaker_boost: z.boolean().optional(),
        model: z.enum(["eleven_flash_v2_5", "eleven_multilingual_v2"]).optional(), apply_language_text_normalization: z.boolean().optional(),
      }),
      z.object({
        provider: z.literal("fish"), speed: z.number().min(0.8).max(1.2).optional(), model: z.enum(["s1", "s2"]).optional(),
        latency_mode: z.enum(["normal", "balanced"]).optional(),
      }),
    ]).nullish(),
    stt_config: z.object({ provider: z.enum(["deepgram", "assembly_ai", "gladia", "elevenlabs"]).optional() }).nullish(),
  }),
  interactivity_type: z.enum(["CONVERSATIONAL", "PUSH_TO_TALK"]).optional(),
  llm_configuration_id: uuid.nullish(),
  dynamic_variables: z.record(z.string().max(64), z.string().max(1000).nullable()).nullish(),
  memory: z.object({ prev_session_id: uuid.nullish(), session_memory_id: uuid.nullish() }).nullish(),
});

const id = { type: "string", pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" };
const or = (schema) => ({ ...schema, nullable: true });
const object = (properties, required = []) => ({ type: "object", properties, required });
const between = (minimum, maximum) => ({ type: "number", minimum, maximum });
const word = (...words) => ({ type: "string", enum: words });
const flag = { type: "boolean" };
const text = { type: "string" };
const schema = object(
  {
    mode: word("FULL"),
    avatar_id: id,
    is_sandbox: flag,
    video_settings: or(object({ quality: word("very_high", "high", "medium", "low"), encoding: word("VP8", "H264") })),
    max_session_duration: or({ type: "integer", minimum: 1 }),
    avatar_persona: object({
      voice_id: or(id),
      context_id: or(id),
      language: text,
      voice_settings: {
        type: "object",
        discriminator: { propertyName: "provider" },
        required: ["provider"],
        oneOf: [
          object({
            provider: { const: "elevenLabs" }, speed: between(0.8, 1.2), stability: between(0, 1), similarity_boost: between(0, 1), style: between(0, 1),
            use_speaker_boost: flag, model: word("eleven_flash_v2_5", "eleven_multilingual_v2"), apply_language_text_normalization: flag,
          }),
          object({ provider: { const: "fish" }, speed: between(0.8, 1.2), model: word("s1", "s2"), latency_mode: word("normal", "balanced") }),
        ],
      },
      stt_config: or(object({ provider: word("deepgram", "assembly_ai", "gladia", "elevenlabs") })),
    }),
    interactivity_type: word("CONVERSATIONAL", "PUSH_TO_TALK"),
    llm_configuration_id: or(id),
    dynamic_variables: or({ type: "object", maxProperties: 50, propertyNames: { maxLength: 64 }, additionalProperties: or({ type: "string", maxLength: 1000 }) }),
    memory: or(object({ prev_session_id: or(id), session_memory_id: or(id) })),
  },
  ["avatar_id", "avatar_persona"],
);
const ajv = new Ajv({ allErrors: true, discriminator: true }).compile(schema);

/** Each says whether a value is right. */
export const validators = {
  ours: (value) => validateSessionToken(value).length === 0,
  zod: (value) => zod.safeParse(value).success,
  ajv: (value) => ajv(value),
};
for (const [name, isRight] of Object.entries(validators)) {
  if (!isRight(payload) || isRight({ ...payload, avatar_id: "x" })) throw new Error(`${name} does not know what is right`);
}
