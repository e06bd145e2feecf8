// The two things every answer of the service is wrapped in.
//
// Success: {"code": 1000, "data": …, "message": …}. The reference prints 100; the live service sends 1000.
// Refusal: {"code": 4xxx, "data": null or [{"loc": […], "message": …}], "message": …}, or for a request that doesn't validate
// the shape that FastAPI makes, {"detail": [{"loc": […], "msg": …, "type": …}]}: documented, never seen live. Hence a switch.

/** A request the service turns down. Thrown anywhere, answered in one place. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {{ code?: number, data?: { loc: (string | number)[], message: string }[] | null, headers?: Record<string, string> }} [more]
   *   code: 4000 + (status − 400) unless given
   */
  constructor(status, message, { code, data = null, headers = {} } = {}) {
    super(message);
    this.status = status;
    this.code = code ?? 4000 + status - 400;
    this.data = data;
    this.headers = headers;
  }

  body() {
    return { code: this.code, data: this.data, message: this.message };
  }
}

/** A bad request about one field, as it was recorded: the field in `data`, a general text in `message`. */
export const badField = (field, message) => new Refusal(400, "Bad request error", { data: [{ loc: [field], message }] });

export const notFound = (what) => new Refusal(404, `${what} not found`);

/** A request that doesn't validate (422). */
export class Invalid extends Refusal {
  /** @param {{ loc: (string | number)[], type: string, msg: string, input?: unknown, ctx?: object }[]} problems */
  constructor(problems) {
    super(422, "Validation error", {
      data: problems.map(({ loc, msg, ctx }) => ({ loc: loc[0] === "body" ? loc.slice(1) : loc, message: msg, ...(ctx && { params: ctx }) })),
    });
    this.problems = problems;
  }

  /** @param {"envelope" | "fastapi"} shape */
  body(shape) {
    return shape === "fastapi" ? { detail: this.problems } : super.body();
  }
}

/**
 * @param {unknown} data
 * @param {number} code
 * @param {string} message
 */
export const success = (data, code, message) => ({ code, data: data ?? null, message });
