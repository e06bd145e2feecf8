// The schemas with a router's own validator of Standard Schemas.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sValidator } from "@hono/standard-validator";
import { Hono } from "hono";

import { schemas } from "../../pkg/index.js";
import { DEMO_CONTEXT, OWN_AVATAR } from "../standins/liveavatar.js";

const session = { mode: "FULL", avatar_id: OWN_AVATAR, avatar_persona: { context_id: DEMO_CONTEXT } };

const app = new Hono();
for (const [name, schema] of Object.entries(schemas)) app.post(`/${name}`, sValidator("json", schema), (context) => context.json(context.req.valid("json")));

async function ask(name, payload) {
  const response = await app.request(`/${name}`, { method: "POST", body: JSON.stringify(payload), headers: { "content-type": "application/json" } });
  return [response.status, await response.json()];
}

test("a router hands on what is right, as it is", async () => {
  for (const [name, payload] of Object.entries({
    sessionToken: { ...session, surplus: 1 },
    secret: { secret_name: "n", secret_value: "v", secret_type: "OPENAI_API_KEY" },
    llmConfiguration: { display_name: "d", model_name: "m", secret_id: "s", base_url: "http://localhost" },
    context: { name: "n", prompt: "p", opening_text: null },
    chatRequest: { messages: [{ role: "user", content: "Hello" }], model: "m", top_k: 5 },
  })) {
    assert.deepEqual(await ask(name, payload), [200, payload], name);
  }
});

test("a router refuses what is wrong, and says where", async () => {
  for (const [name, payload, path] of [
    ["sessionToken", { ...session, avatar_id: "x" }, ["avatar_id"]],
    ["secret", { secret_value: "v", secret_type: "OPENAI_API_KEY" }, ["secret_name"]],
    ["llmConfiguration", { display_name: "d", model_name: "m" }, ["secret_id"]],
    ["context", { name: "n", prompt: "p", opening_text: null, links: [{ url: "u" }] }, ["links", 0, "faq"]],
    ["chatRequest", { messages: [{ role: "user" }] }, ["messages", 0, "content"]],
  ]) {
    const [status, { success, error }] = await ask(name, payload);
    assert.deepEqual([status, success, error.map(({ path }) => path)], [400, false, [path]], name);
    assert.ok(error[0].message.length > 10);
  }
});
