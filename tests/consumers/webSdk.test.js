// LiveAvatar's own web SDK in a page, with its `apiUrl` at an endpoint of sessions in front of the stand-in of the service.
// There is no room of media here: once the SDK is left to find that out, and once its room is taken as joined, with the avatar
// and its agent in it, so that it goes on to what it asks of this endpoint. What it does with video and sound stays untried.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { buildSessionToken, LiveAvatar, SessionEndpoint } from "../../pkg/index.js";
import { site, visit } from "../package/pages.js";
import { DEMO_CONTEXT, startLiveAvatar } from "../standins/liveavatar.js";

const PAGE = `
import { LiveAvatarSession } from "@heygen/liveavatar-web-sdk";
const { apiUrl, room } = Object.fromEntries(new URLSearchParams(location.search));
const asked = [];
const ask = window.fetch.bind(window);
window.fetch = (...request) => asked[asked.push(ask(...request)) - 1];
async function talk() {
  const made = await fetch(apiUrl, { method: "POST", credentials: "include" });
  const { session_token } = await made.json();
  const session = new LiveAvatarSession(session_token, { apiUrl });
  if (room === "joined") {
    session.room.connect = async () => {
      const agent = "liveavatar-agent-" + session._sessionInfo.session_id;
      for (const identity of ["heygen", agent]) session.room.remoteParticipants.set(identity, { identity, trackPublications: new Map() });
    };
    // It watches the connection of the room.
    session.connectionQualityIndicator.start = () => {};
  }
  const states = [];
  session.on("session.state_changed", (state) => states.push(state));
  const failure = await session.start().then(() => undefined, (error) => error.name + ": " + error.message);
  const url = session._sessionInfo?.livekit_url;
  await session.keepAlive();
  // The SDK does not wait for its answer.
  await Promise.allSettled(asked);
  await session.stop();
  return { failure, states, url };
}
talk().then(done, (error) => done({ failure: String(error.stack) }));
`;

/** What the page says, and the session as the service knows it once it has ended. */
async function talk(t, room) {
  const service = await startLiveAvatar();
  const folder = mkdtempSync(join(tmpdir(), "liveavatar-llm-sdk-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "index.html"), '<!doctype html><title>SDK</title><script type="module" src="/main.js"></script>');
  const resolveDir = dirname(fileURLToPath(import.meta.url));
  await build({ stdin: { contents: PAGE, resolveDir }, outfile: join(folder, "main.js"), bundle: true, format: "esm", logLevel: "error" });
  const page = await site(t, folder);

  const endpoint = new SessionEndpoint({
    liveAvatar: new LiveAvatar({ apiKey: service.apiKey, baseUrl: service.url }),
    session: buildSessionToken({ is_sandbox: true, context_id: DEMO_CONTEXT }),
    authorize: () => true,
    cors: { origins: [new URL(page).origin] },
  });
  const apiUrl = await serve(t, endpoint);
  const told = await visit(t, `${page}?${new URLSearchParams({ apiUrl, room })}`);
  // After the browser, which may have something left to say.
  t.after(() => service.close());
  const [session] = service.state.sessions.values();
  while (session?.live) await new Promise((resolve) => setTimeout(resolve, 10));
  return { ...told, session, asked: service.requests.map(({ method, path, status }) => `${method} ${path} ${status}`) };
}

/** The endpoint at an address of its own, below which it is asked. */
async function serve(t, endpoint) {
  const server = http.createServer(async (incoming, outgoing) => {
    const chunks = await incoming.toArray();
    const body = incoming.method === "POST" ? Buffer.concat(chunks) : undefined;
    const response = await endpoint.fetch(new Request(`http://${incoming.headers.host}${incoming.url}`, { method: incoming.method, headers: incoming.headers, body }));
    outgoing.writeHead(response.status, [...response.headers].flat()).end(Buffer.from(await response.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${server.address().port}/session`;
}

test("the SDK starts a session, keeps it alive and stops it", async (t) => {
  const { failure, states, session, asked } = await talk(t, "joined");
  assert.equal(failure, undefined);
  assert.deepEqual(states, ["CONNECTING", "CONNECTED", "DISCONNECTING", "DISCONNECTED"]);
  assert.equal(session.endReason, "USER_CLOSED");
  assert.deepEqual(asked.slice(0, 2), ["POST /v1/sessions/token 200", "POST /v1/sessions/start 201"]);
  assert.deepEqual([...new Set(asked.slice(2))].filter((one) => !one.endsWith("404")).sort(), ["POST /v1/sessions/keep-alive 200", "POST /v1/sessions/stop 200"]);
});

test("where the SDK cannot reach its room, it stops the session that it has started", async (t) => {
  const { failure, url, session, asked } = await talk(t, "none");
  assert.match(url, /^wss:/);
  assert.match(failure, /connect/i);
  assert.equal(session.endReason, "USER_CLOSED");
  // The SDK stops it once more where its room tells it so as well.
  const [stopped, ...again] = asked.slice(2);
  assert.deepEqual([...asked.slice(0, 2), stopped], ["POST /v1/sessions/token 200", "POST /v1/sessions/start 201", "POST /v1/sessions/stop 200"]);
  assert.ok(again.every((one) => one === "POST /v1/sessions/stop 404"), again.join());
});
