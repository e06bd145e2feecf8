import { ChatEndpoint } from "liveavatar-llm";

interface Env {
  /** Variables, from wrangler.jsonc. */
  LLM_BASE_URL: string;
  LLM_MODEL: string;
  FALLBACK_BASE_URL: string;
  FALLBACK_MODEL: string;
  /** Secrets. */
  LLM_API_KEY: string;
  FALLBACK_API_KEY: string;
  ENDPOINT_TOKEN: string;
}

const endpoint = new ChatEndpoint((env: Env) => ({
  // The second is asked where the first fails, or says nothing for four seconds.
  source: [
    { baseUrl: env.LLM_BASE_URL, apiKey: env.LLM_API_KEY, model: env.LLM_MODEL },
    { baseUrl: env.FALLBACK_BASE_URL, apiKey: env.FALLBACK_API_KEY, model: env.FALLBACK_MODEL },
  ],
  auth: { bearer: env.ENDPOINT_TOKEN },
  tools: [
    {
      name: "current_time",
      description: "The date and the time of day somewhere",
      parameters: {
        type: "object",
        properties: { time_zone: { type: "string", description: "An IANA time zone such as Europe/Rome" } },
        required: ["time_zone"],
      },
      run: ({ time_zone }: { time_zone: string }) =>
        new Date().toLocaleString("en-GB", { timeZone: time_zone, dateStyle: "full", timeStyle: "short" }),
    },
  ],
  say: {
    failure: "Sorry, I lost my train of thought. Could you say that again?",
    filler: { afterMs: 2500, line: "One moment." },
  },
  // Read it with `npx wrangler tail`. It holds no word of what was said.
  onTurn: ({ error, ...report }) => console.log(JSON.stringify({ ...report, error: error?.message })),
}));

export default { fetch: endpoint.fetch } satisfies ExportedHandler<Env>;
