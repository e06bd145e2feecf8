// What every endpoint does with a request before it is answered: reads it, and asks whether it is let in.

import { LiveAvatarLlmError } from "./errors.js";
import { reading } from "./upstream.js";

/**
 * Whether the developer's own code, called `name`, lets a request in; nothing if it throws or takes longer than so many
 * milliseconds, which is printed.
 * @internal
 */
export async function inTime(name: "auth" | "authorize", ask: () => boolean | Promise<boolean>, ms: number): Promise<boolean | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `\`${name}\` did not say within ${ms} ms who may ask`;
    timer = setTimeout(() => reject(new LiveAvatarLlmError({ code: "auth_late", message })), ms);
  });
  try {
    return (await Promise.race([Promise.resolve().then(ask), late])) === true;
  } catch (thrown) {
    console.error(`liveavatar-llm: a request was refused, since \`${name}\` failed`, thrown);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A request's body as text, or why it is refused.
 * @internal
 */
export async function read(request: Request, limit: number): Promise<{ text: string } | { refused: "tooLarge" | "unreadable" }> {
  if (Number(request.headers.get("content-length")) > limit) return { refused: "tooLarge" };
  const decoder = new TextDecoder();
  let text = "";
  try {
    const reader = request.body ? reading(request.body) : undefined;
    for (let length = 0; reader; ) {
      const { done, value } = await reader.read();
      if (done) break;
      length += (value as Uint8Array).length;
      if (length > limit) {
        reader.cancel().catch(() => {});
        return { refused: "tooLarge" };
      }
      text += decoder.decode(value as Uint8Array, { stream: true });
    }
  } catch {
    return { refused: "unreadable" };
  }
  return { text: text + decoder.decode() };
}

/**
 * Adds headers, as names and values in turn.
 * @internal
 */
export function withHeaders(response: Response, flat: string[]): Response {
  for (let index = 0; index < flat.length; index += 2) response.headers.append(flat[index]!, flat[index + 1]!);
  return response;
}
