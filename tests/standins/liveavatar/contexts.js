// Contexts: what the avatar is told to be (prompt) and what it says first (opening_text). `${name}` in either is a dynamic variable,
// filled when a session is made.

import { randomUUID } from "node:crypto";
import { notFound } from "./envelope.js";
import { list, maybe, nullable, object, optional, text, uuid, validate } from "./fields.js";
import { newestFirst, page } from "./pages.js";

export const routes = [
  ["GET", "/v1/contexts", "key", (request) => page(newestFirst(request.service.state.contexts).map(({ id, name, created_at, updated_at }) => ({ id, name, created_at, updated_at })), request)],
  ["POST", "/v1/contexts", "key", create],
  ["GET", "/v1/contexts/{context_id}", "key", ({ service, params }) => detail(find(service, params))],
  ["PATCH", "/v1/contexts/{context_id}", "key", update],
  ["DELETE", "/v1/contexts/{context_id}", "key", remove],
];

// opening_text may be null, but it has to be there. PATCH wants the same three, so it replaces.
const CONTEXT = object({
  name: text(),
  prompt: text(),
  opening_text: nullable(text()),
  links: maybe(list(object({ url: text(), faq: nullable(text()), id: optional(uuid()) }))),
});

function create({ service, body }) {
  const now = service.date();
  const context = { id: randomUUID(), ...withLinkIds(validate(CONTEXT, body, ["body"])), created_at: now, updated_at: now };
  service.state.contexts.set(context.id, context);
  return detail(context);
}

function update({ service, params, body }) {
  const context = find(service, params);
  const { links, ...fields } = withLinkIds(validate(CONTEXT, body, ["body"]));
  Object.assign(context, fields, Object.hasOwn(body, "links") && { links }, { updated_at: service.date() });
  return detail(context);
}

function remove({ service, params }) {
  service.state.contexts.delete(find(service, params).id);
  return null;
}

function find({ state }, { context_id }) {
  const context = state.contexts.get(validate(uuid(), context_id, ["path", "context_id"]));
  if (!context) throw notFound("Context");
  return context;
}

const withLinkIds = (fields) => ({ ...fields, links: fields.links?.map((link) => ({ id: randomUUID(), ...link })) ?? null });

const detail = (context) => ({ ...context, required_dynamic_variables: variables(context) });

const variables = ({ prompt, opening_text }) => [...new Set([...`${prompt}\n${opening_text ?? ""}`.matchAll(VARIABLE)].map(([, name]) => name))];
const VARIABLE = /\$\{([^{}]+)\}/g;

/**
 * A text with its variables filled in; what was not given stays as it stands.
 * @param {string | null} template
 * @param {Record<string, string | null>} values
 */
export const fill = (template, values) => template?.replace(VARIABLE, (whole, name) => (Object.hasOwn(values, name) ? (values[name] ?? "") : whole)) ?? null;
