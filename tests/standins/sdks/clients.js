// The providers' own packages as clients of the stand-ins.

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI, { AzureOpenAI } from "openai";

import { KEY } from "../providers.js";

/** What may be called, in OpenAI's terms. */
export const TOOLS = [
  { name: "weather", description: "The weather", parameters: { type: "object", properties: { town: { type: "string" } } } },
  { name: "time", description: "The time", parameters: { type: "object", properties: {} } },
];

/**
 * @param {{ anthropic: string, gemini: string, azure: string }} addresses
 */
export function clients(addresses, apiKey = KEY) {
  return {
    // Nothing that the environment may have set for this package has a place here.
    anthropic: new Anthropic({ apiKey, authToken: null, baseURL: addresses.anthropic, maxRetries: 0 }),
    gemini: new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl: addresses.gemini, apiVersion: "v1beta" } }),
    deployed: new AzureOpenAI({ apiKey, endpoint: addresses.azure, deployment: "hello", apiVersion: "2024-10-21", maxRetries: 0 }),
    azure: new OpenAI({ apiKey, baseURL: `${addresses.azure}/openai/v1`, defaultHeaders: { "api-key": apiKey, authorization: null }, maxRetries: 0 }),
    entra: new OpenAI({ apiKey, baseURL: `${addresses.azure}/openai/v1`, maxRetries: 0 }),
  };
}
