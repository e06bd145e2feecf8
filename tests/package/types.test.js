// The package's declarations in programs of its users: strict, without skipLibCheck, with pages' types only or Node's only,
// in the oldest TypeScript that is supported and in the newest.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { run } from "../../scripts/process.js";
import { modules, root } from "../../scripts/setup.js";
import { project } from "./pack.js";

const here = dirname(fileURLToPath(import.meta.url));

const PROGRAM = `
import { ApiError, type ChatChunk, ChatClient, type ChatCompletion, ChatStream, LiveAvatarLlmError, ValidationError } from "liveavatar-llm";

const client = new ChatClient({ baseUrl: "http://127.0.0.1:1/v1", apiKey: async () => "key", model: "m" });
export async function texts(signal: AbortSignal): Promise<string> {
  const stream = client.stream({ messages: [{ role: "user", content: "Hello" }], temperature: null }, { signal, timeouts: { idleMs: 1 } });
  for await (const chunk of stream) accept<ChatChunk>(chunk);
  accept<ChatCompletion>(await stream.completion());
  accept<ReadableStream<Uint8Array>>(stream.toReadableStream());
  accept<ChatStream>(ChatStream.fromResponse(new Response("")));
  let all = "";
  for await (const text of stream.textStream()) all += text.trim();
  return all;
}
export function told(error: unknown): string | number | undefined {
  if (error instanceof ApiError) return error.status;
  if (error instanceof ValidationError) return error.issues[0]?.path;
  if (error instanceof LiveAvatarLlmError) return error.code;
  return undefined;
}
function accept<T>(_: T): void {}
// @ts-expect-error: there is no such role
client.stream({ messages: [{ role: "robot", content: "" }] });
// @ts-expect-error: messages are missing
client.stream({});
// @ts-expect-error: a misspelt option
new ChatClient({ baseURL: "http://127.0.0.1:1/v1" });
`;

const TYPED = `
import { ChatClient, type ChatCompletion, type ChatRequest, type DeepPartial } from "liveavatar-llm";

interface Recipe { title: string; kind: "hot" | "cold"; steps: { text: string; minutes: number }[] }
const client = new ChatClient({ baseUrl: "http://127.0.0.1:1/v1", model: "m" }, { thinkTags: true });
const messages: ChatRequest["messages"] = [{ role: "user", content: "Coffee" }];
export async function recipe(): Promise<Recipe | null | undefined> {
  const request = { messages, response_format: { type: "json_object" as const }, x_provider: { route: "any" } };
  const stream = client.stream<Recipe>(request, { thinkTags: "open" });
  for await (const so of stream.jsonStream()) {
    accept<DeepPartial<Recipe>>(so);
    accept<string | undefined>(so.kind);
    accept<number | undefined>(so.steps?.[0]?.minutes);
    // @ts-expect-error: it may not have come yet
    accept<string>(so.title);
    // @ts-expect-error: it may be half of it
    accept<"hot" | "cold" | undefined>(so.kind);
  }
  const completion = await stream.completion();
  accept<ChatCompletion<Recipe>>(completion);
  const [first] = (await client.complete<Recipe>({ messages, x_provider: 1 })).choices;
  // @ts-expect-error: it has no such member
  first?.message.parsed?.name;
  return first?.message.parsed;
}
export async function calls(): Promise<void> {
  const stream = client.stream({ messages, tools: [{ type: "function", function: { name: "find" } }] });
  for await (const all of stream.toolStream()) for (const { name, value, done } of all) accept<[string, unknown, boolean]>([name, value, done]);
  const { message } = (await stream.completion()).choices[0]!;
  for (const call of message.tool_calls ?? []) accept<string | undefined>(call.function?.name);
  client.stream({ messages: [...messages, message, { role: "tool", tool_call_id: "t", content: "Here" }] });
  accept<unknown>(message.parsed);
}
function accept<T>(_: T): void {}
`;

/** Each side's types are taken for the other's, and what is not the same is not. */
const OPENAI = `
import type { ChatChunk, ChatCompletion, ChatMessage, ChatRequest, ChatTool, ChatUsage } from "liveavatar-llm";
import type OpenAI from "openai";

declare function both<Ours, Theirs>(ours: (theirs: Theirs) => Ours, theirs: (ours: Ours) => Theirs): void;
both<ChatRequest & { model: string }, OpenAI.ChatCompletionCreateParams>((one) => one, (one) => one);
both<ChatRequest & { model: string; stream: true }, OpenAI.ChatCompletionCreateParamsStreaming>((one) => one, (one) => one);
both<ChatMessage, OpenAI.ChatCompletionMessageParam>((one) => one, (one) => one);
both<ChatTool, OpenAI.ChatCompletionTool>((one) => one, (one) => one);
both<ChatChunk, OpenAI.ChatCompletionChunk>((one) => one, (one) => one);
both<ChatCompletion, OpenAI.ChatCompletion>((one) => one, (one) => one);
both<ChatUsage, OpenAI.CompletionUsage>((one) => one, (one) => one);
export const parsed = (one: OpenAI.Chat.Completions.ParsedChatCompletion<{ a: 1 }>): ChatCompletion<{ a: 1 }> => one;

// @ts-expect-error: the model may be missing
both<ChatRequest, OpenAI.ChatCompletionCreateParams>((one) => one, (one) => one);
// @ts-expect-error: a chunk is no completion
both<ChatChunk, OpenAI.ChatCompletion>((one) => one, (one) => one);
// @ts-expect-error: a message of a whole answer has a role that others have not
export const message = (one: OpenAI.ChatCompletionMessageParam): ChatCompletion["choices"][0]["message"] => one;
// @ts-expect-error: this is what another answer was parsed to
export const other = (one: OpenAI.Chat.Completions.ParsedChatCompletion<{ a: 1 }>): ChatCompletion<{ a: 2 }> => one;
`;

const RAW = `
import init, * as raw from "liveavatar-llm/raw";
export const ready: Promise<{ memory: WebAssembly.Memory }> = init();
export const client = raw.Client;
`;

const strict = { strict: true, noEmit: true, skipLibCheck: false, target: "ES2022", exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
const page = { ...strict, lib: ["ES2022", "DOM"], types: [] };
const node = { ...strict, lib: ["ES2022"], types: ["node"], typeRoots: [join(root, "node_modules", "@types")] };

/** The README's examples, which must be true as well. */
const EXAMPLES = Object.fromEntries(
  [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code], index) => [`example${index}.js`, code]),
);

/** What the examples of the declarations have around them. */
const AROUND = `
import {
  buildSessionToken, ChatClient, ChatEndpoint, type ChatRequest, ChatStream, LiveAvatar, schemas, SessionEndpoint, type SessionTokenRequest, validateSessionToken,
} from "liveavatar-llm";
declare const env: { KEY: string };
declare const payload: unknown;
declare function show(text: string | undefined): void;
declare function isSignedIn(request: Request): boolean;
interface Weather { degrees: string }
// An example may have one of its own.
declare global {
  var client: ChatClient;
  var liveAvatar: LiveAvatar;
  var messages: ChatRequest["messages"];
  var schema: Record<string, unknown>;
  var app: { post(path: string, ...handlers: unknown[]): void };
  var sValidator: (target: "json", schema: (typeof schemas)["sessionToken"]) => unknown;
}
`;

/** The examples that stand in the shell's comments. */
const COMMENTED = Object.fromEntries(
  readdirSync(join(root, "npm", "src"))
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => {
      const examples = readFileSync(join(root, "npm", "src", name), "utf8").matchAll(/^ *\* ```ts\n([^]*?)^ *\* ```$/gm);
      return [...examples].map(([, lines], index) => [`${name.slice(0, -3)}${index}.ts`, AROUND + lines.replaceAll(/^ *\* ?/gm, "")]);
    }),
);

/** What programs are: whose types they see, how they find modules, which of the files above they have. */
const PROGRAMS = {
  "a page, bundled": { ...page, module: "ESNext", moduleResolution: "Bundler", files: ["program.ts", "typed.ts", "raw.ts"] },
  "a page, unbundled": { ...page, module: "NodeNext", moduleResolution: "NodeNext", files: ["program.ts", "raw.ts"] },
  "Node, bundled": { ...node, module: "ESNext", moduleResolution: "Bundler", files: ["program.ts"] },
  "Node, unbundled": { ...node, module: "NodeNext", moduleResolution: "NodeNext", files: ["program.ts", "typed.ts"] },
  "Node, by the rules of Node 16": { ...node, module: "Node16", moduleResolution: "Node16", files: ["program.ts"] },
  "a program that has OpenAI's package as well": { ...node, lib: ["ES2022", "DOM"], module: "ESNext", moduleResolution: "Bundler", files: ["openai.ts"] },
  "the README's examples": {
    ...{ ...node, lib: ["ES2022", "DOM"], module: "ESNext", moduleResolution: "Bundler" },
    ...{ allowJs: true, checkJs: true, moduleDetection: "force", files: Object.keys(EXAMPLES) },
  },
  "the declarations' examples": {
    ...{ ...node, lib: ["ES2022", "DOM"], module: "ESNext", moduleResolution: "Bundler", files: Object.keys(COMMENTED) },
  },
};

test("the README and the declarations have examples", () => {
  assert.ok(Object.keys(EXAMPLES).length > 3);
  assert.ok(["client0.ts", "endpoint0.ts", "liveavatar0.ts", "validate0.ts"].every((name) => name in COMMENTED), Object.keys(COMMENTED).join());
});

const compiler = (folder) => {
  const home = join(folder, "node_modules", "typescript");
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  return { version, tsc: join(home, "bin", "tsc") };
};

await Promise.all([modules(), modules("bench"), modules("tests/package/programs")]);
const folder = await project({ after }, { "program.ts": PROGRAM, "typed.ts": TYPED, "openai.ts": OPENAI, "raw.ts": RAW, ...EXAMPLES, ...COMMENTED });
symlinkSync(join(root, "bench", "node_modules", "openai"), join(folder, "node_modules", "openai"), "junction");

for (const { version, tsc } of [compiler(join(here, "programs")), compiler(root)]) {
  for (const [name, { files, ...compilerOptions }] of Object.entries(PROGRAMS)) {
    test(`${name}, TypeScript ${version}`, async () => {
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      await run(process.execPath, [tsc, "-p", "."], { cwd: folder }).catch((error) => {
        throw new Error(error.output);
      });
    });
  }
}
