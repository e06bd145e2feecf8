// What the service checks in a request: types, lengths, choices. The words are FastAPI's and Pydantic's.
// A checker takes a value and gives it back, perhaps converted; what is wrong goes to `problems`.
// Members that a shape doesn't name are dropped in silence: a mistyped or wrongly nested field has no effect and no error.

import { Invalid } from "./envelope.js";

/** @typedef {(value: any, loc: (string | number)[], problems: object[]) => any} Checker */

/**
 * @param {Checker} checker
 * @param {unknown} value
 * @param {(string | number)[]} where "body", "query" or "path" first
 * @returns {any} the value as the service keeps it
 * @throws {Invalid}
 */
export function validate(checker, value, where) {
  const problems = [];
  const checked = checker(value, where, problems);
  if (problems.length > 0) throw new Invalid(problems);
  return checked;
}

const wrong = (problems, loc, type, msg, input, ctx) => void problems.push({ type, loc, msg, input, ...(ctx && { ctx }) });

/** @param {Record<string, Checker>} shape @returns {Checker} */
export const object = (shape) => (value, loc, problems) => {
  if (value === undefined) return wrong(problems, loc, "missing", "Field required", null);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return wrong(problems, loc, "model_attributes_type", "Input should be a valid dictionary or object to extract fields from", value);
  }
  const kept = {};
  for (const [name, checker] of Object.entries(shape)) {
    const given = Object.hasOwn(value, name);
    if (!given && checker.required !== false) {
      wrong(problems, [...loc, name], "missing", "Field required", value);
      continue;
    }
    const result = given ? checker(value[name], [...loc, name], problems) : checker.otherwise;
    if (result !== undefined) kept[name] = result;
  }
  return kept;
};

const missing = (checker, otherwise) => Object.assign((...args) => checker(...args), { required: false, otherwise });

/** May be missing; then `otherwise`. @param {Checker} checker @param {unknown} [otherwise] */
export const optional = (checker, otherwise) => missing(checker, otherwise);

/** May be null. @param {Checker} checker @returns {Checker} */
export const nullable = (checker) => (value, loc, problems) => (value === null ? null : checker(value, loc, problems));

/** May be missing or null. @param {Checker} checker */
export const maybe = (checker) => missing(nullable(checker), null);

/** @param {{ min?: number, max?: number }} [length] @returns {Checker} */
export const text = ({ min = 0, max = Infinity } = {}) => (value, loc, problems) => {
  const count = (n) => `${n} character${n === 1 ? "" : "s"}`;
  if (typeof value !== "string") return wrong(problems, loc, "string_type", "Input should be a valid string", value);
  const length = [...value].length;
  if (length < min) return wrong(problems, loc, "string_too_short", `String should have at least ${count(min)}`, value, { min_length: min });
  if (length > max) return wrong(problems, loc, "string_too_long", `String should have at most ${count(max)}`, value, { max_length: max });
  return value;
};

/** @returns {Checker} */
export const uuid = () => (value, loc, problems) => {
  const plain = typeof value === "string" ? value.toLowerCase().replaceAll("-", "") : "";
  if (!/^[0-9a-f]{32}$/.test(plain)) return wrong(problems, loc, "uuid_parsing", "Input should be a valid UUID, invalid character or length", value, { error: "invalid character or length" });
  return plain.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

/** @param {{ above?: number, min?: number, max?: number }} [range] @returns {Checker} */
export const whole = (range = {}) => (value, loc, problems) => {
  const given = typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  if (!Number.isInteger(given)) return wrong(problems, loc, "int_type", "Input should be a valid integer", value);
  return within(range, given, loc, problems);
};

/** @param {{ above?: number, min?: number, max?: number }} [range] @returns {Checker} */
export const number = (range = {}) => (value, loc, problems) => {
  if (typeof value !== "number") return wrong(problems, loc, "float_type", "Input should be a valid number", value);
  return within(range, value, loc, problems);
};

function within({ above = -Infinity, min = -Infinity, max = Infinity }, value, loc, problems) {
  if (value <= above) return wrong(problems, loc, "greater_than", `Input should be greater than ${above}`, value, { gt: above });
  if (value < min) return wrong(problems, loc, "greater_than_equal", `Input should be greater than or equal to ${min}`, value, { ge: min });
  if (value > max) return wrong(problems, loc, "less_than_equal", `Input should be less than or equal to ${max}`, value, { le: max });
  return value;
}

/** @returns {Checker} */
export const flag = () => (value, loc, problems) => {
  if (typeof value === "boolean") return value;
  return wrong(problems, loc, "bool_type", "Input should be a valid boolean", value);
};

/** @param {string[]} choices @returns {Checker} */
export const oneOf = (...choices) => (value, loc, problems) => {
  if (choices.includes(value)) return value;
  const quoted = choices.map((choice) => `'${choice}'`);
  const expected = quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}` : quoted[0];
  return wrong(problems, loc, "enum", `Input should be ${expected}`, value, { expected });
};

/** @param {Checker} item @returns {Checker} */
export const list = (item) => (value, loc, problems) => {
  if (!Array.isArray(value)) return wrong(problems, loc, "list_type", "Input should be a valid list", value);
  return value.map((entry, index) => item(entry, [...loc, index], problems));
};

/** An object with free names. @param {Checker} item @param {{ entries?: number, key?: number }} [limits] @returns {Checker} */
export const map = (item, { entries = Infinity, key = Infinity } = {}) => (value, loc, problems) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong(problems, loc, "dict_type", "Input should be a valid dictionary", value);
  const names = Object.keys(value);
  if (names.length > entries) return wrong(problems, loc, "too_long", `Dictionary should have at most ${entries} items after validation, not ${names.length}`, value, { max_length: entries });
  const kept = {};
  for (const name of names) {
    if (name.length > key) wrong(problems, [...loc, name], "string_too_long", `String should have at most ${key} characters`, name, { max_length: key });
    else kept[name] = item(value[name], [...loc, name], problems);
  }
  return kept;
};

/** One of several objects, told apart by a member. @param {string} member @param {Record<string, Checker>} variants @returns {Checker} */
export const tagged = (member, variants) => (value, loc, problems) => {
  const known = Object.keys(variants).map((tag) => `'${tag}'`).join(", ");
  const tag = value?.[member];
  if (tag === undefined) return wrong(problems, loc, "union_tag_not_found", `Unable to extract tag using discriminator '${member}'`, value, { discriminator: `'${member}'` });
  if (!Object.hasOwn(variants, tag)) {
    return wrong(problems, loc, "union_tag_invalid", `Input tag '${tag}' found using '${member}' does not match any of the expected tags: ${known}`, value, { discriminator: `'${member}'`, tag: String(tag), expected_tags: known });
  }
  return variants[tag](value, [...loc, tag], problems);
};
