// What the environment says: which parts are real, and where the page is. Wrong values are found before anything starts.

import { Failure } from "../process.js";

/** Where OpenAI is; LiveAvatar itself goes there without a base_url. */
const OPENAI = "https://api.openai.com/v1";
/** The model for whoever names none. */
const MODEL = "gpt-4o-mini";
/** Where the page is, unless PORT says otherwise; the endpoint is at the next port. */
const PORT = 4400;

/**
 * @typedef {{ port: number, publicUrl?: string, liveAvatar?: { apiKey: string, baseUrl?: string },
 *   llm?: { baseUrl: string, apiKey?: string, model: string }, model?: string }} Settings
 *   without `liveAvatar` or `llm` a stand-in takes that part; `model` is what the stand-in LLM is asked for
 */

/**
 * Reads the environment. An empty variable counts as one that is not there.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 * @throws {Failure} which names everything that is wrong, and no value of a key
 */
export function settings(env) {
  const problems = [];
  const read = (name, check) => {
    const value = env[name];
    if (value === undefined || value === "") return undefined;
    const problem = check(value);
    if (problem) problems.push(`${name} ${problem}`);
    return value;
  };
  const port = read("PORT", checkPort);
  const apiKey = read("LIVEAVATAR_API_KEY", checkKey);
  const serviceUrl = read("LIVEAVATAR_BASE_URL", checkUrl);
  const baseUrl = read("LLM_BASE_URL", checkBaseUrl);
  const llmKey = read("LLM_API_KEY", checkKey);
  const model = read("LLM_MODEL", checkModel);
  const publicUrl = read("PUBLIC_URL", checkBaseUrl);
  if (problems.length > 0) throw new Failure(`Nothing was started.\n${problems.map((problem) => `- ${problem}`).join("\n")}`);

  const isReal = baseUrl !== undefined || llmKey !== undefined;
  return {
    port: port === undefined ? PORT : Number(port),
    publicUrl: publicUrl && trimmed(publicUrl),
    liveAvatar: apiKey === undefined ? undefined : { apiKey, baseUrl: serviceUrl && trimmed(serviceUrl) },
    llm: isReal ? { baseUrl: trimmed(baseUrl ?? OPENAI), apiKey: llmKey, model: model ?? MODEL } : undefined,
    model,
  };
}

const trimmed = (url) => url.replace(/\/+$/, "");

function checkPort(value) {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65534) return undefined;
  return `must be a port number up to 65534, or 0 for any free port; it is ${JSON.stringify(value)}.`;
}

/** What can't stand in a header, or was most likely not meant to be part of a key. Never says the value. */
function checkKey(value) {
  if (/[\r\n]/.test(value)) return "holds a line break: give the key alone, without what stood around it.";
  if (/\s/.test(value)) return "holds a space: give the key alone, without what stood around it.";
  if (!/^[\x21-\x7e]+$/.test(value)) return "holds a character that cannot be sent as part of a key, such as a letter with an accent or a control character.";
  return undefined;
}

function checkModel(value) {
  if (/[\x00-\x1f\x7f]/.test(value)) return "holds a line break or another control character: give the model's name alone.";
  return value.length > 255 ? "is longer than the 255 characters that LiveAvatar takes as a model's name." : undefined;
}

function checkUrl(value) {
  const shown = JSON.stringify(value);
  if (/\s/.test(value) || !URL.canParse(value)) return `is no URL: ${shown}. Write it whole, such as https://example.com/v1.`;
  const { protocol, username, password, search, hash } = new URL(value);
  // A URL with a login is not repeated: the login may be a key.
  if (username || password) return "holds a user name or password: keys have variables of their own.";
  if (protocol !== "http:" && protocol !== "https:") return `must begin with https:// or http://, it is ${shown}.`;
  if (search || hash) return `must end before the ${search ? "?" : "#"}: paths are appended to it.`;
  return undefined;
}

function checkBaseUrl(value) {
  const problem = checkUrl(value);
  if (problem) return problem;
  if (!/\/chat\/completions\/*$/.test(value)) return undefined;
  return `ends in /chat/completions, which is appended to it once more: write ${value.replace(/\/chat\/completions\/*$/, "")}.`;
}
