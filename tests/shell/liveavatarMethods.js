// Every method of the client of LiveAvatar's API that asks one endpoint, and what it is about.

import { DEMO_CONTEXT, OWN_AVATAR, OWN_VOICE, VOICE_AGENT } from "../standins/liveavatar.js";

export const KEPT = { secret_name: "n", secret_value: "sk-0123456789", secret_type: "OPENAI_API_KEY" };
export const CONTEXT = { name: "c", prompt: "You are ${who}.", opening_text: null };
export const session = (more = {}) => ({ mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { context_id: DEMO_CONTEXT }, ...more });

/** The endpoint that a method asks, as the stand-in names it, and how it is called. */
export const METHODS = {
  "sessions.createToken": ["POST /v1/sessions/token", (client, _, o) => client.sessions.createToken(session(), o)],
  "sessions.start": ["POST /v1/sessions/start", (client, { session_token }, o) => client.sessions.start(session_token, o)],
  "sessions.stop": ["POST /v1/sessions/stop", (client, { live }, o) => client.sessions.stop(live, undefined, o)],
  "sessions.keepAlive": ["POST /v1/sessions/keep-alive", (client, { live }, o) => client.sessions.keepAlive(live, o)],
  "sessions.list": ["GET /v1/sessions", (client, _, o) => client.sessions.list({ type: "active" }, o).page()],
  "sessions.get": ["GET /v1/sessions/{session_id}", (client, { session_id }, o) => client.sessions.get(session_id, o)],
  "sessions.transcript": ["GET /v1/sessions/{session_id}/transcript", (client, { session_id }, o) => client.sessions.transcript(session_id, {}, o)],
  "sessions.deleteEvents": ["DELETE /v1/sessions/{session_id}/events", (client, { session_id }, o) => client.sessions.deleteEvents(session_id, o)],
  "secrets.create": ["POST /v1/secrets", (client, _, o) => client.secrets.create(KEPT, o)],
  "secrets.list": ["GET /v1/secrets", (client, _, o) => client.secrets.list(o)],
  "secrets.delete": ["DELETE /v1/secrets/{secret_id}", (client, { secret_id }, o) => client.secrets.delete(secret_id, o)],
  "llmConfigurations.create": ["POST /v1/llm-configurations", (client, { secret_id }, o) => client.llmConfigurations.create({ display_name: "d", model_name: "m", secret_id }, o)],
  "llmConfigurations.list": ["GET /v1/llm-configurations", (client, _, o) => client.llmConfigurations.list(o)],
  "llmConfigurations.get": ["GET /v1/llm-configurations/{config_id}", (client, { id }, o) => client.llmConfigurations.get(id, o)],
  "llmConfigurations.update": ["PATCH /v1/llm-configurations/{config_id}", (client, { id }, o) => client.llmConfigurations.update(id, { model_name: "n" }, o)],
  "llmConfigurations.delete": ["DELETE /v1/llm-configurations/{config_id}", (client, { id }, o) => client.llmConfigurations.delete(id, o)],
  "contexts.create": ["POST /v1/contexts", (client, _, o) => client.contexts.create(CONTEXT, o)],
  "contexts.list": ["GET /v1/contexts", (client, _, o) => client.contexts.list({}, o).page()],
  "contexts.get": ["GET /v1/contexts/{context_id}", (client, _, o) => client.contexts.get(DEMO_CONTEXT, o)],
  "contexts.update": ["PATCH /v1/contexts/{context_id}", (client, _, o) => client.contexts.update(DEMO_CONTEXT, CONTEXT, o)],
  "contexts.delete": ["DELETE /v1/contexts/{context_id}", (client, _, o) => client.contexts.delete(DEMO_CONTEXT, o)],
  "avatars.list": ["GET /v1/avatars", (client, _, o) => client.avatars.list({}, o).page()],
  "avatars.listPublic": ["GET /v1/avatars/public", (client, _, o) => client.avatars.listPublic({}, o).page()],
  "avatars.get": ["GET /v1/avatars/{avatar_id}", (client, _, o) => client.avatars.get(OWN_AVATAR, o)],
  "avatars.update": ["PATCH /v1/avatars/{avatar_id}", (client, _, o) => client.avatars.update(OWN_AVATAR, { name: "n" }, o)],
  "avatars.delete": ["DELETE /v1/avatars/{avatar_id}", (client, _, o) => client.avatars.delete(OWN_AVATAR, o)],
  "voices.list": ["GET /v1/voices", (client, _, o) => client.voices.list({ voice_type: "private" }, o).page()],
  "voices.get": ["GET /v1/voices/{voice_id}", (client, _, o) => client.voices.get(OWN_VOICE, o)],
  "voices.update": ["PATCH /v1/voices/{voice_id}", (client, _, o) => client.voices.update(OWN_VOICE, { name: "n" }, o)],
  "voices.delete": ["DELETE /v1/voices/{voice_id}", (client, _, o) => client.voices.delete(OWN_VOICE, o)],
  "voices.preview": ["GET /v1/voices/{voice_id}/preview", (client, _, o) => client.voices.preview(OWN_VOICE, o)],
  "voices.thirdParty": ["POST /v1/voices/third_party", (client, { secret_id }, o) => client.voices.thirdParty({ provider_voice_id: "v", secret_id }, o)],
  "voiceAgents.list": ["GET /v1/voice_agents", (client, _, o) => client.voiceAgents.list(o)],
  "voiceAgents.get": ["GET /v1/voice_agents/{agent_id}", (client, _, o) => client.voiceAgents.get(VOICE_AGENT, o)],
  "memory.create": ["POST /v1/memory", (client, { session_id }, o) => client.memory.create({ memory_type: "session", session_id }, o)],
  "memory.list": ["GET /v1/memory", (client, _, o) => client.memory.list({}, o).page()],
  "memory.get": ["GET /v1/memory/{memory_id}", (client, { memory_id }, o) => client.memory.get(memory_id, o)],
  "memory.delete": ["DELETE /v1/memory/{memory_id}", (client, { memory_id }, o) => client.memory.delete(memory_id, o)],
  llmModels: ["GET /v1/llm-models", (client, _, o) => client.llmModels(o)],
  languages: ["GET /v1/languages", (client, _, o) => client.languages(o)],
  credits: ["GET /v1/users/credits", (client, _, o) => client.credits(o)],
  embeddings: ["POST /v2/embeddings", (client, _, o) => client.embeddings({ avatar_id: OWN_AVATAR, context_id: DEMO_CONTEXT }, o)],
};

/** Makes what the methods are about. */
export async function made(client, service) {
  const { id: secret_id } = await client.secrets.create(KEPT);
  const { id } = await client.llmConfigurations.create({ display_name: "d", model_name: "m", secret_id });
  const { session_id, session_token: live } = await client.sessions.createToken(session());
  await client.sessions.start(live);
  const { id: memory_id } = await client.memory.create({ memory_type: "session", session_id });
  const { session_token } = await client.sessions.createToken(session());
  service.requests.length = 0;
  return { id, secret_id, session_id, session_token, live, memory_id };
}
