// Statuses, redirections, and attempts that fail before one that doesn't.

import { answer, fault, ORDINARY, SAID } from "./build.js";

const JSON_TYPE = { "content-type": "application/json" };
const refusal = (status, headers) => answer(JSON.stringify({ error: { message: `Status ${status}`, type: "api_error", param: null, code: null } }), { status, headers: { ...JSON_TYPE, ...headers } });
const status = (code, headers) => ({ name: `status-${code}`, about: `status ${code}`, said: SAID, answers: [refusal(code, headers)] });
/** The fault, then an ordinary reply. */
const then = (name, about, ...answers) => ({ name, about, said: SAID, answers: [...answers, answer(ORDINARY)] });
/** Whoever serves the faults gives an ordinary reply to a POST that was led elsewhere, and a 405 to anything else there. */
const redirect = (code) => ({ name: `redirect-${code}`, about: `status ${code} with a location`, said: SAID, answers: [answer([], { status: code, headers: { location: "elsewhere" } })] });

export const HTTP = [
  ...[400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 415, 418, 422, 424, 425, 429, 431, 451, 498, 499, 500, 501, 502, 503, 504, 520, 524, 529].map((code) => status(code)),
  { ...status(429, { "retry-after": "1" }), name: "status-429-retry-after", about: "status 429 with retry-after" },
  { ...status(503, { "x-should-retry": "false" }), name: "status-503-should-not-retry", about: "status 503 with x-should-retry: false" },
  { ...status(400, { "x-should-retry": "true" }), name: "status-400-should-retry", about: "status 400 with x-should-retry: true" },
  fault("status-500-stream", "status 500 with an ordinary event stream", ORDINARY, { status: 500 }),
  fault("status-200-html", "a page of HTML", "<!doctype html><title>Sign in</title><p>Sign in to go on.</p>\n", { headers: { "content-type": "text/html" } }),
  fault("status-201", "status 201 with an ordinary event stream", ORDINARY, { status: 201 }),
  fault("status-202", "status 202 with an ordinary event stream", ORDINARY, { status: 202 }),
  fault("status-203", "status 203 with an ordinary event stream", ORDINARY, { status: 203 }),
  fault("status-206", "status 206 with an ordinary event stream", ORDINARY, { status: 206 }),
  fault("status-204", "status 204", [], { status: 204, headers: {} }),
  fault("status-205", "status 205", [], { status: 205, headers: {} }),
  fault("status-300", "status 300 with an ordinary event stream", ORDINARY, { status: 300 }),
  fault("status-304", "status 304", [], { status: 304, headers: {} }),
  fault("status-302-nowhere", "status 302 without a location", [], { status: 302, headers: {} }),
  ...[301, 302, 303, 307, 308].map(redirect),
  fault("redirect-loop", "status 307 to where it was asked", [], { status: 307, headers: { location: "completions" } }),

  then("fails-once-500", "status 500, then an ordinary reply", refusal(500)),
  then("fails-twice-503", "status 503 twice, then an ordinary reply", refusal(503), refusal(503)),
  then("fails-thrice-429", "status 429 three times, then an ordinary reply", refusal(429), refusal(429), refusal(429)),
  then("fails-four-times-500", "status 500 four times, then an ordinary reply", refusal(500), refusal(500), refusal(500), refusal(500)),
  then("fails-once-cut", "no answer, then an ordinary reply", answer([], { delimiter: "raw", end: "cut" })),
  then("fails-once-error-event", "an error event, then an ordinary reply", answer('data: {"error":{"message":"Overloaded"}}\n\n')),
  then("fails-once-unreadable", "an unreadable event, then an ordinary reply", answer("data: {\n\n")),
  then("fails-500-then-401", "status 500, then 401", refusal(500), refusal(401)),
].map((entry) => ({ group: "http", ...entry }));
