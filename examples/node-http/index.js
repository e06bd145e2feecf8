import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { ChatEndpoint } from "liveavatar-llm";

const { LLM_BASE_URL, LLM_API_KEY, ENDPOINT_TOKEN = "", PORT = "8787" } = process.env;

const endpoint = new ChatEndpoint({
  source: { baseUrl: LLM_BASE_URL, apiKey: LLM_API_KEY, model: "gpt-4o-mini" },
  auth: { bearer: ENDPOINT_TOKEN },
  onTurn: ({ outcome }) => console.log(outcome),
});

const server = createServer(async (incoming, outgoing) => {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const { method, headers, url } = incoming;
  const body = method === "POST" ? Readable.toWeb(incoming) : undefined;
  const request = new Request(`http://localhost${url}`, { method, headers, body, duplex: "half", signal: gone.signal });
  const response = await endpoint.fetch(request);
  outgoing.writeHead(response.status, [...response.headers].flat());
  // The caller hears at once that there will be an answer, and whoever hangs up ends the turn.
  outgoing.flushHeaders();
  if (response.body) await pipeline(Readable.fromWeb(response.body), outgoing).catch(() => {});
  else outgoing.end();
});
server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`));
