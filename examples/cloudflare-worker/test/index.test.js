import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import worker from "../src/index.ts";

/** A stand-in for an LLM: answers each request with the next of these chunks, or with a status. */
async function llm(t, ...answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const text of request.setEncoding("utf8")) body += text;
    asked.push(JSON.parse(body));
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    if (typeof answer === "number") return response.writeHead(answer).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`data: ${JSON.stringify({ choices: [{ index: 0, ...answer }] })}\n\ndata: [DONE]\n\n`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

/** What the avatar says. */
async function speech(first, second, token = "the-token") {
  const env = { LLM_BASE_URL: first.url, LLM_MODEL: "a", FALLBACK_BASE_URL: second.url, FALLBACK_MODEL: "b", LLM_API_KEY: "one", FALLBACK_API_KEY: "two", ENDPOINT_TOKEN: "the-token" };
  const body = JSON.stringify({ model: "mine", stream: true, messages: [{ role: "user", content: "What time is it?" }] });
  const request = new Request("https://worker.example/v1/chat/completions", { method: "POST", headers: { authorization: `Bearer ${token}` }, body });
  const response = await worker.fetch(request, env, { waitUntil() {} });
  const events = (await response.text()).matchAll(/^data: (\{.*)$/gm);
  const words = [...events].map(([, json]) => JSON.parse(json).choices?.[0]?.delta?.content ?? "");
  return [response.status, words.join("")];
}

const WORDS = { delta: { content: "It is noon." }, finish_reason: "stop" };
const CALL = { delta: { tool_calls: [{ index: 0, id: "c", function: { name: "current_time", arguments: '{"time_zone":"Europe/Rome"}' } }] }, finish_reason: "tool_calls" };

// The options are read once, so all of this is one test.
test("a token is needed, the tool is run, and the fallback answers where the first fails", async (t) => {
  const [first, second] = [await llm(t, CALL, WORDS, 401), await llm(t, WORDS)];
  assert.equal((await speech(first, second, "another"))[0], 401);
  assert.deepEqual(await speech(first, second), [200, "It is noon."]);
  assert.match(first.asked[1].messages.at(-1).content, /\d\d:\d\d/);
  assert.deepEqual(await speech(first, second), [200, "It is noon."]);
  assert.equal(second.asked[0].model, "b");
});
