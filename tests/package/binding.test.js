// An upstream behind a service binding: another worker in place of an address, in workerd.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hear, said } from "../shell/serving.js";
import { bundle, run } from "./worker.js";

const MAIN = `
import { ChatEndpoint } from "liveavatar-llm";
export default new ChatEndpoint((env) => ({
  source: [
    { baseUrl: "https://llm.internal/v1", fetch: env.DOWN },
    { baseUrl: "https://llm.internal/v1", apiKey: "sk-inside", model: "mine", fetch: env.LLM },
  ],
  auth: "none",
  onTurn: ({ outcome, sources }) => env.LLM.fetch("https://report.internal/", { method: "POST", body: JSON.stringify([outcome, ...sources.map(({ error }) => error?.code ?? "-")]) }),
}));
`;

/** A worker of its own, as another team has it. */
const BACKEND = `
const asked = [];
export default {
  async fetch(request, env) {
    const { host, pathname } = new URL(request.url);
    if (host === "report.internal") {
      await env.TEST.fetch("http://test.example/", { method: "POST", body: JSON.stringify({ report: await request.json(), asked }) });
      return new Response();
    }
    const { model, messages } = await request.json();
    asked.push([request.method, host + pathname, request.headers.get("authorization"), model]);
    const answer = { choices: [{ index: 0, delta: { content: "You said: " + messages.at(-1).content }, finish_reason: "stop" }] };
    return new Response("data: " + JSON.stringify(answer) + "\\n\\ndata: [DONE]\\n\\n", { headers: { "content-type": "text/event-stream" } });
  },
};
`;

test("a service binding is what is called in place of an address, and one that is down is stood in for", async (t) => {
  let give;
  const told = new Promise((resolve) => (give = resolve));
  const backend = new URL(
    await run(t, await bundle(t, { "main.js": BACKEND }), { serviceBindings: { TEST: async (request) => (give(await request.json()), new Response()) } }),
  );
  const url = await run(t, await bundle(t, { "main.js": MAIN }), {
    serviceBindings: { LLM: { external: { address: backend.host, http: {} } }, DOWN: async () => new Response("no", { status: 503 }) },
  });
  const { text } = await hear(fetch(new URL("/v1/chat/completions", url), { method: "POST", body: JSON.stringify(said("Hi")) }));
  assert.equal(text, "You said: Hi");
  assert.deepEqual(await told, { report: ["spoken", "server_error", "-"], asked: [["POST", "llm.internal/v1/chat/completions", "Bearer sk-inside", "mine"]] });
});
