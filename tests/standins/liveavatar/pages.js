// Pages of a list: ?page=1&page_size=20 → {count, next, previous, results}.

import { object, optional, validate, whole } from "./fields.js";

/** The query members of every paged list. */
export const PAGING = { page: optional(whole({ min: 1 }), 1), page_size: optional(whole({ min: 1, max: 100 }), 20) };

/**
 * @param {object[]} items
 * @param {{ query: Record<string, string>, url: URL, service: { options: { pageLinks: string } } }} request
 */
export function page(items, { query, url, service }) {
  const { page: at, page_size: size } = validate(object(PAGING), query, ["query"]);
  const link = (to) => {
    const target = new URL(url);
    target.searchParams.set("page", to);
    return service.options.pageLinks === "absolute" ? target.href : target.pathname + target.search;
  };
  return {
    count: items.length,
    next: at * size < items.length ? link(at + 1) : null,
    previous: at > 1 ? link(at - 1) : null,
    results: items.slice((at - 1) * size, at * size),
  };
}

/** @param {Map<string, object>} map */
export const newestFirst = (map) => [...map.values()].reverse();
