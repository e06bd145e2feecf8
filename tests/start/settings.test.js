// What the environment may say, and what is told where it is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";

import { settings } from "../../scripts/start/settings.js";

/** Expects the environment to be refused for one reason. */
function refuses(env, expected) {
  assert.throws(() => settings(env), { name: "Failure", message: `Nothing was started.\n- ${expected}` }, JSON.stringify(env));
}

test("without anything everything is a stand-in, and an empty variable is nothing", () => {
  const { liveAvatar, llm, port } = settings({ LIVEAVATAR_API_KEY: "", LLM_API_KEY: "", PORT: "" });
  assert.deepEqual({ liveAvatar, llm, port }, { liveAvatar: undefined, llm: undefined, port: 4400 });
});

test("each variable may be given alone", () => {
  const key = "k-1";
  const openai = "https://api.openai.com/v1";
  assert.deepEqual(settings({ LLM_API_KEY: key }).llm, { baseUrl: openai, apiKey: key, model: "gpt-4o-mini" });
  assert.deepEqual(settings({ LLM_BASE_URL: "http://127.0.0.1:1234/v1/" }).llm, { baseUrl: "http://127.0.0.1:1234/v1", apiKey: undefined, model: "gpt-4o-mini" });
  assert.equal(settings({ LLM_MODEL: "count?tokens=3" }).llm, undefined);
  assert.equal(settings({ LLM_MODEL: "count?tokens=3" }).model, "count?tokens=3");
  assert.deepEqual(settings({ LIVEAVATAR_API_KEY: key }).liveAvatar, { apiKey: key, baseUrl: undefined });
  assert.equal(settings({ PUBLIC_URL: "https://tunnel.example.com/" }).publicUrl, "https://tunnel.example.com");
});

test("a wrong value is told with what to write instead", () => {
  refuses({ PORT: "http" }, 'PORT must be a port number up to 65534, or 0 for any free port; it is "http".');
  refuses({ PORT: "65535" }, 'PORT must be a port number up to 65534, or 0 for any free port; it is "65535".');
  refuses({ LLM_BASE_URL: "api.example.com" }, 'LLM_BASE_URL is no URL: "api.example.com". Write it whole, such as https://example.com/v1.');
  refuses({ LLM_BASE_URL: "https://a b" }, 'LLM_BASE_URL is no URL: "https://a b". Write it whole, such as https://example.com/v1.');
  refuses({ LLM_BASE_URL: "ftp://example.com" }, 'LLM_BASE_URL must begin with https:// or http://, it is "ftp://example.com".');
  refuses({ LLM_BASE_URL: "https://example.com/v1?key=1" }, "LLM_BASE_URL must end before the ?: paths are appended to it.");
  refuses({ PUBLIC_URL: "https://example.com/v1#a" }, "PUBLIC_URL must end before the #: paths are appended to it.");
  refuses({ LLM_BASE_URL: "https://example.com/v1/chat/completions/" }, "LLM_BASE_URL ends in /chat/completions, which is appended to it once more: write https://example.com/v1.");
  refuses({ LLM_MODEL: "a\nb" }, "LLM_MODEL holds a line break or another control character: give the model's name alone.");
  refuses({ LLM_MODEL: "m".repeat(256) }, "LLM_MODEL is longer than the 255 characters that LiveAvatar takes as a model's name.");
});

test("what is told of a key never holds it", () => {
  refuses({ LIVEAVATAR_API_KEY: "sesame\n" }, "LIVEAVATAR_API_KEY holds a line break: give the key alone, without what stood around it.");
  refuses({ LLM_API_KEY: "Bearer sesame" }, "LLM_API_KEY holds a space: give the key alone, without what stood around it.");
  refuses({ LLM_API_KEY: "sésame" }, "LLM_API_KEY holds a character that cannot be sent as part of a key, such as a letter with an accent or a control character.");
  refuses({ LLM_BASE_URL: "https://user:sesame@example.com/" }, "LLM_BASE_URL holds a user name or password: keys have variables of their own.");
});

test("everything that is wrong is told at once", () => {
  assert.throws(() => settings({ PORT: "x", LLM_BASE_URL: "x" }), ({ message }) => message.includes("- PORT") && message.includes("- LLM_BASE_URL"));
});
