// Tools that an endpoint runs for its model.

import { json } from "./arguments.js";
import { invalid } from "./errors.js";
import type { TurnInfo } from "./source.js";

/** A schema that can tell itself as JSON Schema, as Standard JSON Schema describes it (zod, valibot and ArkType do). */
export interface StandardJsonSchema {
  readonly "~standard": {
    readonly jsonSchema: { input(options: { target: string }): Record<string, unknown> };
  };
}

/** A tool that the model may call; the endpoint runs it, and the model goes on with what it gave. */
export interface ServerTool<Arguments = any> {
  /** What the model calls it by: 1 to 64 letters, digits, `_` or `-`. */
  name: string;
  /** What it does and when to use it, for the model. */
  description?: string;
  /**
   * What it is called with: a JSON Schema of an object, or a schema that can tell itself as one. Arguments are held against
   * it before `run` is called, and a model that got them wrong is told what is wrong. Understood are `type`, `enum`, `const`,
   * `properties`, `required`, `additionalProperties`, `items`, `prefixItems`, `minimum`, `maximum`, `exclusiveMinimum`,
   * `exclusiveMaximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `allOf`, `anyOf`, `oneOf` and `$ref` within the
   * schema; the model is told the rest, but nothing is held against it.
   */
  parameters?: Record<string, unknown> | StandardJsonSchema;
  /**
   * Runs it. What it gives goes to the model: a text as it is, anything else as JSON. What it throws is told to the model
   * by its message. `turn.signal` is aborted when the result is not wanted any more; `turn.utteranceId` is the same when the
   * caller asks twice about one utterance, so that what a tool does can be done once.
   */
  run(args: Arguments, turn: TurnInfo): unknown;
  /** How long it may take, in milliseconds; default 10 000. After that the model is told that it took too long. */
  timeoutMs?: number;
}

/**
 * Tools as plain data, as JSON; says what is wrong with those that are none.
 * @internal
 */
export function plainTools(tools: unknown): string {
  if (tools === undefined) return "[]";
  if (!Array.isArray(tools)) throw invalid("/tools", "wrong_type", "`tools` must be a list of { name, description, parameters, run }");
  const plain = tools.map((tool: unknown, index) => {
    const path = `/tools/${index}`;
    if (typeof tool !== "object" || tool === null) throw invalid(path, "wrong_type", "a tool must be an object such as { name, description, parameters, run }");
    const { run, parameters, ...rest } = tool as ServerTool;
    if (typeof run !== "function") throw invalid(`${path}/run`, run === undefined ? "missing" : "wrong_type", "`run` must be a function of the arguments and the turn");
    return { ...rest, ...(parameters === undefined ? {} : { parameters: schema(parameters, `${path}/parameters`) }) };
  });
  return json(plain, "/tools", "`tools`");
}

function schema(parameters: NonNullable<ServerTool["parameters"]>, path: string): unknown {
  const standard = (parameters as Partial<StandardJsonSchema>)["~standard"];
  if (standard === undefined) return parameters;
  if (typeof standard.jsonSchema?.input !== "function") {
    throw invalid(path, "wrong_type", "this schema cannot tell itself as JSON Schema: convert it, and give the JSON Schema as `parameters`");
  }
  return standard.jsonSchema.input({ target: "draft-2020-12" });
}

/**
 * Runs a tool; gives its result for the model, as text.
 * @internal
 */
export async function runTool(tool: ServerTool, args: string, turn: TurnInfo): Promise<string> {
  const result: unknown = await tool.run(JSON.parse(args), turn);
  return typeof result === "string" ? result : (JSON.stringify(result) ?? "null");
}
