// The page's own server, which holds the keys: the only one that the page talks to.

const headers = { "content-type": "application/json" };

/** @returns {Promise<any>} what is real, what to register, what can be tried */
export const setup = async () => (await fetch("/api/setup")).json();

/**
 * One request to LiveAvatar, made by the server.
 * @param {string} method @param {string} path @param {unknown} body
 * @returns {Promise<{ exchanges: any[], data?: any, error?: any }>}
 */
export async function ask(method, path, body) {
  try {
    return await (await fetch(`/api/${path}`, { method, headers, body: JSON.stringify(body) })).json();
  } catch {
    return { exchanges: [], error: { name: "Error", message: "This page's server does not answer any more. Was it ended? `npm start` brings it back." } };
  }
}

/**
 * What comes of an utterance, event by event, until the turn is over.
 * @param {string} session_id @param {string} text
 * @returns {AsyncGenerator<any>}
 */
export async function* say(session_id, text) {
  const response = await fetch(`/api/sessions/${session_id}/say`, { method: "POST", headers, body: JSON.stringify({ text }) });
  if (!response.ok) {
    yield { type: "error", ...(await response.json()).error };
    return;
  }
  let rest = "";
  for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) yield JSON.parse(event.slice("data: ".length));
  }
}

/** @param {string} session_id */
export const interrupt = (session_id) => ask("POST", `sessions/${session_id}/interrupt`, {});
