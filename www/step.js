// One of the guide's steps: a request that can be edited and is checked as it is typed, and what came of sending it.

import { element, json, prose } from "./element.js";

/** What the page shows, and its server replaces, where the key goes. */
const DOTS = "••••••••";

export class Step {
  #section;
  #area;
  #issues;
  #exchanges;
  #button;
  #validate;
  #send;
  #isChecked = false;
  /** How often it was. */
  #taken = 0;

  /**
   * @param {string} id of its element
   * @param {{ validate: (payload: unknown) => any[], send: (payload: any) => Promise<{ exchanges: any[], data?: any, error?: any }>,
   *   began: () => void }} work
   */
  constructor(id, { validate, send, began }) {
    this.#section = document.getElementById(id);
    [this.#area, this.#issues, this.#exchanges, this.#button] = ["textarea", ".issues", ".exchanges", "button"].map((part) => this.#section.querySelector(part));
    this.#validate = validate;
    this.#send = send;
    this.began = began;
    this.#area.addEventListener("input", () => {
      this.#isChecked = true;
      this.#check();
    });
    this.#section.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.take();
    });
  }

  /** The request's body; undefined while it is no JSON. */
  get body() {
    try {
      return JSON.parse(this.#area.value);
    } catch {
      return undefined;
    }
  }

  set body(value) {
    this.#area.value = JSON.stringify(value, null, 2);
    this.#check();
  }

  /** Puts members into the body, and leaves the rest as it was edited. From then on the body is checked. */
  fill(members) {
    this.#isChecked = true;
    const { body } = this;
    if (typeof body === "object" && body !== null) this.body = { ...body, ...members };
  }

  /** Sends the request as it stands. @returns {Promise<any>} what the library gave, or undefined */
  async take() {
    const { body } = this;
    this.#isChecked = true;
    this.#check();
    if (body === undefined) return void this.#area.focus();
    return this.run(() => this.#send(body));
  }

  /** Shows what comes of another request of this step, such as a change. @param {() => Promise<any>} work */
  async run(work) {
    this.began();
    this.#section.dataset.state = "busy";
    this.#button.disabled = true;
    const result = await work();
    this.#button.disabled = false;
    this.#section.dataset.state = result.error ? "failed" : "done";
    this.#section.dataset.taken = String(++this.#taken);
    this.#show(result);
    return result.error ? undefined : result.data;
  }

  /** It has to be done again. */
  reset() {
    delete this.#section.dataset.state;
  }

  /** Folds what was exchanged. */
  fold() {
    for (const details of this.#exchanges.querySelectorAll("details")) details.open = false;
  }

  #check() {
    // An old browser can't fit the height to the text by itself.
    this.#area.rows = this.#area.value.split("\n").length;
    const issues = this.#isChecked ? this.#found() : [];
    this.#issues.replaceChildren(...issues.map(issue));
    for (const remark of this.#section.querySelectorAll("[data-code]")) remark.hidden = !issues.some(({ code }) => code === remark.dataset.code);
    this.#area.setAttribute("aria-invalid", String(issues.some(({ severity }) => severity === "error")));
  }

  #found() {
    let payload;
    try {
      payload = JSON.parse(this.#area.value, (_, value) => (value === DOTS ? "stands-for-the-key" : value));
    } catch (error) {
      return [{ severity: "error", message: `This is no JSON: ${error.message}` }];
    }
    return this.#validate(payload);
  }

  #show({ exchanges, error }) {
    const shown = exchanges.map((exchange, index) => details(exchange, index === exchanges.length - 1));
    // What stands above already is not said twice.
    const issues = this.#issues.childElementCount > 0 ? undefined : error?.issues;
    this.#exchanges.replaceChildren(...shown, ...(error ? [failure({ ...error, issues })] : []));
  }
}

/** One thing that the package says about a payload. */
function issue({ path, severity, message, suggestion }) {
  const said = element("li", { class: severity }, element("b", {}, severity), " ");
  // Most messages begin with the name of the member that is meant.
  if (path && !message.startsWith("`")) said.append(element("code", { class: "pointer" }, path), " ");
  said.append(prose(message));
  if (suggestion && !message.includes(suggestion)) said.append(" Perhaps ", element("code", {}, suggestion), "?");
  return said;
}

/** An error as the library gives it. */
export function failure({ name, code, message, issues, ...more }) {
  const facts = Object.entries(more).filter(([, value]) => value !== undefined && value !== null);
  return element(
    "div",
    { class: "error" },
    element("p", {}, element("b", {}, name), code ? element("code", {}, code) : "", " ", prose(message)),
    ...(issues?.length ? [element("ul", { class: "issues" }, ...issues.map(issue))] : []),
    ...(facts.length ? [element("p", { class: "hint" }, facts.map(([fact, value]) => `${fact} ${value}`).join(" · "))] : []),
  );
}

function details({ method, url, headers, body, status, answer, ms }, open) {
  const outcome = status === undefined ? "no answer" : `${status} in ${ms} ms`;
  const isGood = status >= 200 && status < 300;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
  const sent = element("div", {}, element("h3", {}, "Sent"), element("pre", { class: "headers", tabIndex: 0 }, `${method} ${url}\n`, ...lines));
  if (body !== undefined) sent.append(json(body));
  const answered = element("div", {}, element("h3", {}, "Answered"), answer === undefined ? element("p", { class: "hint" }, "nothing") : json(answer));
  const summary = element("summary", {}, element("span", {}, `${method} ${new URL(url).pathname}`), element("span", { class: isGood ? "good" : "bad" }, outcome));
  return element("details", { open }, summary, element("div", { class: "exchange" }, sent, answered));
}
