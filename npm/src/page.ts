// Lists that LiveAvatar gives in pages.

/** What words a member is known to have; a newer one passes through. */
export type Open<Known extends string> = Known | (string & {});

/** One page of a list (SPEC). */
export interface Page<Item> {
  /** How many there are in all. */
  count: number;
  /** Where the next page is; `null` on the last one. In which form is not documented. */
  next: string | null;
  /** Where the page before is; `null` on the first one. */
  previous: string | null;
  results: Item[];
}

/** Which pages are wanted (SPEC). */
export interface PageQuery {
  /** From 1, the default. */
  page?: number;
  /** 1 to 100; default 20. */
  page_size?: number;
}

/**
 * A list that comes in pages. Nothing is asked for before it is read:
 *
 * ```ts
 * for await (const context of liveAvatar.contexts.list()) console.log(context.name); // all of them, page after page
 * const { results, count } = await liveAvatar.contexts.list({ page_size: 5 }).page(2);
 * ```
 */
export interface Listing<Item> extends AsyncIterable<Item> {
  /** One page; default: the `page` of the query, else the first. */
  page(number?: number): Promise<Page<Item>>;
}

/**
 * A list, by how one of its pages is asked for.
 * @internal
 */
export function listing<Item>(first: number, page: (number: number) => Promise<Page<Item>>): Listing<Item> {
  return {
    page: (number = first) => page(number),
    async *[Symbol.asyncIterator]() {
      for (let number = first; ; number++) {
        const { results, next } = await page(number);
        yield* results;
        // An address that the service gives is not followed: the key would go along.
        if (!next || results.length === 0) return;
      }
    },
  };
}
