// The LLM that the scenario talks to, and what of the scenario can only be seen from its side.

import assert from "node:assert/strict";

import { startLlm } from "../standins/llm.js";

/**
 * @param {{ after(work: () => Promise<void>): void }} test ends the server when it ends
 * @returns {Promise<{ baseUrl: string, key: string, hungUp(): Promise<void> }>}
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
  llm.script("acknowledge", async ({ write, end }) => {
    acknowledged();
    await write(`${event({ content: "ok" })}${event({}, "stop")}data: [DONE]\n\n`);
    end();
  });

  return {
    baseUrl: llm.baseUrl,
    key,
    /** The two answers that the scenario gives up were given up here as well. */
    async hungUp() {
      for (const user of ["leaves", "aborts"]) await llm.waitFor(({ body, aborted }) => body?.user === user && aborted);
    },
  };
}

/** @param {Record<string, string>} results what the scenario gives */
export function assertAllOk(results) {
  const failed = Object.entries(results).filter(([, result]) => result !== "ok");
  assert.deepEqual(failed, []);
  assert.ok(Object.keys(results).length > 5, "the scenario ran");
}
