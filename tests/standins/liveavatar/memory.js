// Memory: what is kept of a session for the next one.

import { randomUUID } from "node:crypto";
import { notFound } from "./envelope.js";
import { maybe, object, oneOf, uuid, validate } from "./fields.js";
import { newestFirst, page } from "./pages.js";

export const routes = [
  ["GET", "/v1/memory", "key", list],
  ["POST", "/v1/memory", "key", create],
  ["GET", "/v1/memory/{memory_id}", "key", ({ service, params }) => find(service, params)],
  ["DELETE", "/v1/memory/{memory_id}", "key", remove, 204],
];

function list(request) {
  validate(object({ type: maybe(oneOf("session")) }), request.query, ["query"]);
  const items = newestFirst(request.service.state.memory).map(({ id, memory_type, memory_content, created_at, updated_at }) => ({
    id,
    memory_type,
    memory_content_preview: memory_content.slice(0, 80),
    created_at,
    updated_at,
  }));
  return page(items, request);
}

function create({ service, body }) {
  const { memory_type, session_id } = validate(object({ memory_type: oneOf("session"), session_id: uuid() }), body, ["body"]);
  const session = service.state.sessions.get(session_id);
  if (!session) throw notFound("Session");
  const now = service.date();
  const memory_content = session.transcript.map(({ role, transcript }) => `${role}: ${transcript}`).join("\n");
  const memory = {
    id: randomUUID(),
    memory_type,
    memory_content,
    created_at: now,
    updated_at: now,
    session_episodes: [{ session_id, sequence_num: 1, summary: memory_content, created_at: now }],
  };
  service.state.memory.set(memory.id, memory);
  return { id: memory.id, memory_type, memory_content, created_at: now };
}

function remove({ service, params }) {
  service.state.memory.delete(find(service, params).id);
}

function find({ state }, { memory_id }) {
  const memory = state.memory.get(memory_id);
  if (!memory) throw notFound("Memory");
  return memory;
}
