// The LLM that the scenario talks to, and what is expected of the scenario's outcome.

import assert from "node:assert/strict";

import { startLlm } from "../standins/llm.js";

/**
 * @param {{ after(work: () => Promise<void>): void }} test ends the server when it ends
 * @returns {Promise<{ baseUrl: string, key: string }>}
 */
export async function serve(test) {
  const key = "sk-standin-0123456789";
  const llm = await startLlm({ key });
  test.after(() => llm.close());

  let acknowledged = () => {};
  const event = (delta, finish = null) =>
    `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "lockstep", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  llm.script("lockstep", async ({ write, end }) => {
    for (const content of ["one ", "two ", "three"]) {
      const next = new Promise((resolve) => (acknowledged = resolve));
      await write(event({ content }));
      await next;
    }
    await write(`${event({}, "stop")}data: [DONE]\n\n`);
    end();
  });
  const ok = `${event({ content: "ok" })}${event({}, "stop")}data: [DONE]\n\n`;
  llm.script("acknowledge", async ({ write, end }) => {
    acknowledged();
    await write(ok);
    end();
  });
  // Asked while the scenario goes on: at its end its runtime would hang up by itself.
  llm.script("hungUp", async ({ params, write, end }) => {
    await llm.waitFor(({ body, aborted }) => body?.user === params.user && aborted);
    await write(ok);
    end();
  });
  return { baseUrl: llm.baseUrl, key };
}

/**
 * @param {{ runtime: string, results: Record<string, string> }} outcome what the scenario gives
 * @param {RegExp} expected what must have run it
 */
export function assertAllOk({ runtime, results }, expected) {
  assert.match(runtime, expected);
  const failed = Object.entries(results).filter(([, result]) => result !== "ok");
  assert.deepEqual(failed, []);
  assert.ok(Object.keys(results).length > 5, "the scenario ran");
}
