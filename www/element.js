// Makes elements, without ever reading text as markup.

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] of the element; `class` is its class, `data` its dataset
 * @param {...(Node | string)} children
 */
export function element(tag, { class: className, data, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  if (className) made.className = className;
  if (data) Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

/** A text in which `code` stands between backticks. @param {string} text */
export function prose(text) {
  const made = document.createDocumentFragment();
  for (const [index, part] of text.split("`").entries()) made.append(index % 2 ? element("code", {}, part) : part);
  return made;
}

/**
 * JSON with its parts marked for colour.
 * @param {unknown} value
 */
export function json(value) {
  const made = element("pre", { class: "json", tabIndex: 0 });
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  let last = 0;
  for (const { 0: token, 1: string, 2: colon, index } of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*/g)) {
    made.append(text.slice(last, index), element("span", { class: colon ? "name" : string ? "text" : "word" }, string ?? token), colon ?? "");
    last = index + token.length;
  }
  made.append(text.slice(last));
  return made;
}
