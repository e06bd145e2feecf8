// Voices: public ones, private ones, and those brought from another provider.

import { randomUUID } from "node:crypto";
import { badField, notFound } from "./envelope.js";
import { maybe, object, oneOf, optional, text, uuid, validate } from "./fields.js";
import { newestFirst, page } from "./pages.js";

export const routes = [
  ["GET", "/v1/voices", "key", list],
  ["POST", "/v1/voices/third_party", "key", bring],
  ["GET", "/v1/voices/{voice_id}", "key", ({ service, params }) => shown(find(service, params))],
  ["PATCH", "/v1/voices/{voice_id}", "key", update],
  ["DELETE", "/v1/voices/{voice_id}", "key", remove],
  ["GET", "/v1/voices/{voice_id}/preview", "key", preview],
];

const shown = ({ private: _, ...voice }) => voice;

function list(request) {
  const { voice_type } = validate(object({ voice_type: optional(oneOf("public", "private"), "public") }), request.query, ["query"]);
  const voices = newestFirst(request.service.state.voices).filter((voice) => Boolean(voice.private) === (voice_type === "private"));
  return page(voices.map(shown), request);
}

// The voice_id that comes back is the one to use, not the provider's.
function bring({ service, body }) {
  const { provider_voice_id, secret_id, name } = validate(object({ provider_voice_id: text(), secret_id: text(), name: maybe(text()) }), body, ["body"]);
  if (!service.state.secrets.has(secret_id)) throw badField("secret_id", `Secret with id '${secret_id}' not found in your space`);
  const now = service.date();
  const voice = { id: randomUUID(), name: name ?? provider_voice_id, description: null, language: "en", gender: "unknown", created_at: now, updated_at: now, tags: [], private: true };
  service.state.voices.set(voice.id, voice);
  return { voice_id: voice.id };
}

function update({ service, params, body }) {
  const voice = find(service, params);
  const { name } = validate(object({ name: text({ min: 1, max: 64 }) }), body, ["body"]);
  Object.assign(voice, { name, updated_at: service.date() });
  return shown(voice);
}

function remove({ service, params }) {
  service.state.voices.delete(find(service, params).id);
  return null;
}

function preview({ service, params }) {
  find(service, params);
  return { audio_base64: SILENCE.toString("base64") };
}

// The header of a WAV file with no samples in it.
const SILENCE = Buffer.from("UklGRiQAAABXQVZFZm10IBAAAAABAAEAwF0AAIC7AAACABAAZGF0YQAAAAA=", "base64");

function find({ state }, { voice_id }) {
  const voice = state.voices.get(validate(uuid(), voice_id, ["path", "voice_id"]));
  if (!voice) throw notFound("Voice");
  return voice;
}
