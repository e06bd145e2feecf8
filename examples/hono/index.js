import { Hono } from "hono";
import { ChatEndpoint } from "liveavatar-llm";

const endpoint = new ChatEndpoint((env) => ({
  source: { baseUrl: env.LLM_BASE_URL, apiKey: env.LLM_API_KEY, model: "gpt-4o-mini" },
  auth: { bearer: env.ENDPOINT_TOKEN },
}));

const app = new Hono();
app.get("/", (context) => context.text("An avatar's endpoint."));
// On Workers the context keeps a turn's report alive when the caller has hung up.
app.all("/v1/*", (context) => endpoint.fetch(context.req.raw, context.env, context.executionCtx));

export default app;
