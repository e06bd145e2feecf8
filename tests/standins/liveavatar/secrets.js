// Secrets: keys of other services, kept for LiveAvatar's use. A value goes in and never comes out. There is no update:
// to rotate, create another, point the configuration at it, delete the old one.

import { randomUUID } from "node:crypto";
import { notFound } from "./envelope.js";
import { object, oneOf, text, validate } from "./fields.js";
import { newestFirst } from "./pages.js";

// The guide says LLM_API_KEY; the live service knows only OPENAI_API_KEY, for every OpenAI-compatible endpoint.
const OTHER_TYPES = ["ELEVENLABS_API_KEY", "GEMINI_API_KEY", "FISH_API_KEY", "CARTESIA_API_KEY"];
export const llmSecretType = (names) => (names === "guide" ? "LLM_API_KEY" : "OPENAI_API_KEY");

export const routes = [
  ["GET", "/v1/secrets", "key", ({ service }) => newestFirst(service.state.secrets).map(({ secret_value, ...shown }) => shown)],
  ["POST", "/v1/secrets", "key", create],
  ["DELETE", "/v1/secrets/{secret_id}", "key", remove],
];

function create({ service, body }) {
  const { names } = service.options;
  const fields = validate(
    object({ secret_name: text({ min: 1, max: 255 }), secret_value: text({ min: 1 }), secret_type: oneOf(llmSecretType(names), ...OTHER_TYPES) }),
    body,
    ["body"],
  );
  const secret = { id: randomUUID(), ...fields, created_at: service.date() };
  service.state.secrets.set(secret.id, secret);
  // The guide speaks of a returned secret_id; what comes is an id.
  return { id: secret.id, ...(names === "guide" && { secret_id: secret.id }), secret_name: secret.secret_name };
}

// A configuration that uses it is not asked about. It breaks later, in silence.
function remove({ service, params }) {
  if (!service.state.secrets.delete(params.secret_id)) throw notFound("Secret");
  return null;
}
