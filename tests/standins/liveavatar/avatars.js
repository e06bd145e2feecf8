// Avatars: one's own, and those that everybody may use.

import { notFound } from "./envelope.js";
import { object, optional, text, uuid, validate } from "./fields.js";
import { newestFirst, page } from "./pages.js";

export const routes = [
  ["GET", "/v1/avatars", "key", (request) => page(newestFirst(request.service.state.avatars), request)],
  ["GET", "/v1/avatars/public", "none", (request) => page(newestFirst(request.service.state.publicAvatars), request)],
  ["GET", "/v1/avatars/{avatar_id}", "key", ({ service, params }) => find(service, params)],
  ["PATCH", "/v1/avatars/{avatar_id}", "key", update],
  ["DELETE", "/v1/avatars/{avatar_id}", "key", remove],
];

/** An avatar that this account may use. */
export const usable = ({ state }, id) => state.avatars.get(id) ?? state.publicAvatars.get(id);

function update({ service, params, body }) {
  const avatar = own(service, params);
  const { name, default_voice_id } = validate(object({ name: optional(text()), default_voice_id: optional(uuid()) }), body, ["body"]);
  if (default_voice_id !== undefined) {
    const voice = service.state.voices.get(default_voice_id);
    if (!voice) throw notFound("Voice");
    avatar.default_voice = { id: voice.id, name: voice.name };
  }
  if (name !== undefined) avatar.name = name;
  avatar.updated_at = service.date();
  return avatar;
}

// The service keeps a deleted one out of sight; nothing here can tell the difference.
function remove({ service, params }) {
  service.state.avatars.delete(own(service, params).id);
  return null;
}

function find(service, { avatar_id }) {
  const avatar = usable(service, validate(uuid(), avatar_id, ["path", "avatar_id"]));
  if (!avatar) throw notFound("Avatar");
  return avatar;
}

function own(service, params) {
  const avatar = find(service, params);
  if (!service.state.avatars.has(avatar.id)) throw notFound("Avatar");
  return avatar;
}
