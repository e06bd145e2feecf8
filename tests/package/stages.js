// Endpoints for callers that hang up, at whatever a turn is doing: `/<stage>/<run>/v1/chat/completions`. Of all that the
// developer's own code does it tells, so that a test can wait for it.

/**
 * @param {typeof import("liveavatar-llm").ChatEndpoint} ChatEndpoint
 * @param {string} baseUrl of an LLM
 * @param {(what: object) => Promise<unknown>} tell
 */
export function stages(ChatEndpoint, baseUrl, tell) {
  /** Tells that it was begun and, once nobody wants it any more, that it was stopped; until then it does nothing. */
  const hang = (what, { path: [, run], signal, waitUntil }) =>
    new Promise((_, reject) => {
      waitUntil(tell({ run, began: what }));
      signal.addEventListener("abort", () => {
        waitUntil(tell({ run, stopped: what }));
        reject(signal.reason);
      });
    });
  const upstream = { source: { baseUrl } };
  const settings = {
    upstream,
    prepare: { ...upstream, prepare: (_, turn) => hang("prepare", turn) },
    tool: {
      source: (_, { path: [, run], waitUntil }) => {
        waitUntil(tell({ run, asked: true }));
        return [{ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "c", function: { name: "look", arguments: "{}" } }] }, finish_reason: "tool_calls" }] }];
      },
      tools: [{ name: "look", run: (_, turn) => hang("tool", turn) }],
    },
    code: {
      async *source(_, turn) {
        yield "Hello";
        await hang("code", turn);
      },
    },
  };
  const endpoints = new Map(
    Object.entries(settings).map(([stage, setting]) => [
      stage,
      new ChatEndpoint({ ...setting, auth: "none", heartbeatMs: 100, onTurn: async ({ outcome, path: [, run] }) => void (await tell({ run, outcome })) }),
    ]),
  );
  return (request, env, ctx) => endpoints.get(new URL(request.url).pathname.split("/")[1]).fetch(request, env, ctx);
}
