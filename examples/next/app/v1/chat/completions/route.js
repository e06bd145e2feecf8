import { ChatEndpoint } from "liveavatar-llm";

// A function, because the variables are not there yet when the route is built.
const endpoint = new ChatEndpoint(() => ({
  source: { baseUrl: process.env.LLM_BASE_URL, apiKey: process.env.LLM_API_KEY, model: "gpt-4o-mini" },
  auth: { bearer: process.env.ENDPOINT_TOKEN ?? "" },
}));

export const POST = (request) => endpoint.fetch(request);
