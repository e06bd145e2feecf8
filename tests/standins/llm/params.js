// What may stand in a model name: "<script>?<param>=<value>&…". An unknown parameter is an error,
// so that a mistyped fault can't make a test pass.

const number = (about, fault = true) => ({ kind: "number", about, fault });
const flag = (about, fault = true) => ({ kind: "flag", about, fault });
const text = (about, fault = true) => ({ kind: "text", about, fault });

/** `fault: false` marks what describes the answer itself; the rest is what failTimes takes away again. */
export const PARAMS = {
  tokens: number("count: how many numbers", false),
  text: text("say: what to say", false),
  usage: flag("sends usage although nobody asked", false),

  headersMs: number("waits before the status line"),
  ttftMs: number("waits before the first event"),
  roleFirst: flag("sends the role chunk before waiting ttftMs"),
  gapMs: number("waits between deltas", false),
  heartbeatMs: number("sends a comment each so many ms while waiting"),
  perWrite: number("so many events in one write", false),
  splitBytes: number("writes the wire in pieces of so many bytes", false),

  status: number("answers with this HTTP status and OpenAI's error body"),
  retryAfter: text("with status: Retry-After header"),
  retryAfterMs: text("with status: retry-after-ms header"),
  redirect: number("answers with this redirect status; the place it points to works"),
  failTimes: number("only the first N requests with the same id get the faults; the later ones succeed", false),
  id: text("the name under which failTimes counts", false),

  cutAt: number("drops the connection after N deltas"),
  rst: flag("with cutAt: resets it (the peer may lose bytes it has not read)"),
  endAt: number("ends the body cleanly after N deltas, without finish reason and [DONE]"),
  hangAt: number("falls silent after N deltas, connection open"),
  errorAt: number("sends an error object in the stream after N deltas, then ends"),
  noDone: flag("leaves out [DONE]"),
  noFinish: flag("leaves out the finish chunk"),
  holdOpen: flag("keeps the connection open after [DONE]"),

  crlf: flag("CR LF line endings", false),
  bom: flag("a byte-order mark first"),
  comments: flag("a comment block before each event", false),
  asJson: flag("one JSON completion although a stream was asked"),
  html: flag("a login page, with status 200"),
  empty: flag("status 200, no body"),
  contentType: text("this content type on a good answer"),
};

/**
 * @param {unknown} model the request's model
 * @returns {{ script: string, params: Record<string, any> }} params hold numbers, true and strings
 * @throws {Error} with a message for the one who wrote the model name
 */
export function parseModel(model) {
  const name = typeof model === "string" ? model : "";
  const mark = name.indexOf("?");
  if (mark < 0) return { script: name, params: {} };
  const params = {};
  for (const [key, value] of new URLSearchParams(name.slice(mark + 1))) {
    const param = Object.hasOwn(PARAMS, key) ? PARAMS[key] : undefined;
    if (!param) throw new Error(`Unknown parameter "${key}" in the model name. Known: ${Object.keys(PARAMS).join(", ")}.`);
    if (param.kind === "text") params[key] = value;
    else if (param.kind === "flag") {
      if (!["", "1", "true", "0", "false"].includes(value)) throw new Error(`Parameter "${key}" is a flag: write it alone, or with 1 or 0.`);
      if (value !== "0" && value !== "false") params[key] = true;
    } else {
      if (!/^\d+$/.test(value)) throw new Error(`Parameter "${key}" needs a whole number, not "${value}".`);
      params[key] = Number(value);
    }
  }
  return { script: name.slice(0, mark), params };
}

/**
 * The parameters without their faults: what a request gets once its failures are used up.
 * @param {Record<string, any>} params
 * @returns {Record<string, any>}
 */
export function withoutFaults(params) {
  return Object.fromEntries(Object.entries(params).filter(([key]) => !PARAMS[key].fault));
}
