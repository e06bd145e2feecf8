// LLM configurations: where a custom LLM is, under which model name, with which secret. Nothing else can be set:
// no temperature, no headers, no tools, no timeouts. The endpoint is not tried, and any base_url will do.

import { randomUUID } from "node:crypto";
import { badField, notFound } from "./envelope.js";
import { maybe, object, optional, text, validate } from "./fields.js";
import { newestFirst } from "./pages.js";
import { llmSecretType } from "./secrets.js";

// The guide spells the path with an underscore, which the live service answers with 404.
const path = ({ names }) => (names === "guide" ? "/v1/llm_configurations" : "/v1/llm-configurations");

export const routes = [
  ["GET", path, "key", list],
  ["POST", path, "key", create],
  ["GET", (options) => `${path(options)}/{config_id}`, "key", ({ service, params }) => full(find(service, params), service)],
  [({ names }) => (names === "guide" ? "PUT" : "PATCH"), (options) => `${path(options)}/{config_id}`, "key", update],
  ["DELETE", (options) => `${path(options)}/{config_id}`, "key", remove],
];

const SHORT = text({ min: 1, max: 255 });

// The list says less than a single one: no base_url, no dates.
function list({ service }) {
  return newestFirst(service.state.llmConfigurations).map(({ id, display_name, model_name, secret_id }) => ({ id, display_name, model_name, secret_id }));
}

function create({ service, body }) {
  const fields = validate(object({ display_name: SHORT, model_name: SHORT, secret_id: text({ min: 1, max: 36 }), base_url: maybe(text()) }), body, ["body"]);
  checkSecret(service, fields.secret_id);
  const now = service.date();
  const configuration = { id: randomUUID(), ...fields, created_at: now, updated_at: now };
  service.state.llmConfigurations.set(configuration.id, configuration);
  return full(configuration, service);
}

function update({ service, params, body }) {
  const configuration = find(service, params);
  const fields = validate(
    object({ display_name: optional(SHORT), model_name: optional(SHORT), secret_id: optional(text({ min: 1, max: 36 })), base_url: optional(text({ min: 1 })) }),
    body,
    ["body"],
  );
  if (fields.secret_id !== undefined) checkSecret(service, fields.secret_id);
  Object.assign(configuration, fields, { updated_at: service.date() });
  return full(configuration, service);
}

function remove({ service, params }) {
  service.state.llmConfigurations.delete(find(service, params).id);
  return null;
}

function find({ state }, { config_id }) {
  const configuration = state.llmConfigurations.get(config_id);
  if (!configuration) throw notFound("LLM configuration");
  return configuration;
}

function checkSecret({ state, options }, id) {
  const secret = state.secrets.get(id);
  if (!secret) throw badField("secret_id", `Secret with id '${id}' not found in your space`);
  if (options.checkSecretType && secret.secret_type !== llmSecretType(options.names)) throw badField("secret_id", `Secret with id '${id}' is not of an LLM's type`);
}

const full = (configuration, { options }) => ({ ...configuration, ...(options.names === "guide" && { llm_configuration_id: configuration.id }) });
