// Request and Response over node:http.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as send } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";

import { adapt } from "../../scripts/start/adapter.js";
import { listen } from "../standins/loopback.js";

/** Serves a handler until the test ends. */
async function serve(t, fetch) {
  const server = await listen({ handle: adapt(fetch) });
  t.after(() => server.close());
  return server.url;
}

test("method, path, headers and body arrive, and status, headers and body come back", async (t) => {
  const url = await serve(t, async (request) => {
    const { method, headers } = request;
    return new Response(`${method} ${new URL(request.url).pathname} ${headers.get("x-one")} ${await request.text()}`, { status: 201, headers: { "x-two": "2" } });
  });
  const response = await fetch(`${url}/a/b?c`, { method: "PUT", headers: { "x-one": "1" }, body: "Grüße" });
  assert.equal(await response.text(), "PUT /a/b 1 Grüße");
  assert.deepEqual([response.status, response.headers.get("x-two")], [201, "2"]);
});

/** The status line that a server answers a head with, sent as it is. */
async function ask(url, head) {
  const socket = connect(new URL(url).port, "127.0.0.1").setEncoding("utf8");
  socket.write(`${head}\r\nconnection: close\r\n\r\n`);
  let answer = "";
  for await (const text of socket) answer += text;
  return answer;
}

test("the host of a request is the one that was called, whatever its target says", async (t) => {
  const url = await serve(t, (request) => new Response(`host ${new URL(request.url).host} path ${new URL(request.url).pathname}`));
  assert.match(await ask(url, "GET //localhost/a HTTP/1.1\r\nhost: evil.example"), /host evil\.example path \/\/localhost\/a/);
});

for (const head of ["GET http://localhost/a HTTP/1.1\r\nhost: evil.example", "GET /a HTTP/1.1\r\nhost: evil.example@localhost"]) {
  test(`a request that names two hosts is refused: ${head.split("\r\n").join(", ")}`, async (t) => {
    const url = await serve(t, () => assert.fail("it was let in"));
    assert.match(await ask(url, head), /^HTTP\/1\.1 400 /);
  });
}

test("a body flows both ways while it is being made", async (t) => {
  const url = await serve(t, (request) => new Response(request.body));
  const outgoing = send(url, { method: "POST" });
  outgoing.write("one");
  const [incoming] = await once(outgoing, "response");
  assert.equal(String((await once(incoming, "data"))[0]), "one");
  outgoing.write("two");
  assert.equal(String((await once(incoming, "data"))[0]), "two");
  outgoing.end();
  await once(incoming.resume(), "end");
});

test("the status arrives before the first byte of the body", async (t) => {
  let begin;
  const url = await serve(t, () => new Response(new ReadableStream({ start: (controller) => void (begin = controller) })));
  const response = await fetch(url);
  begin.enqueue(new TextEncoder().encode("late"));
  begin.close();
  assert.equal(await response.text(), "late");
});

test("a caller that hangs up aborts the signal and cancels the body", async (t) => {
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  const cancelled = [];
  const url = await serve(t, (request) => {
    request.signal.addEventListener("abort", () => left());
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)), cancel: () => void cancelled.push(true) }));
  });
  const hangUp = new AbortController();
  const response = await fetch(url, { signal: hangUp.signal });
  await response.body.getReader().read();
  hangUp.abort();
  await gone;
  assert.deepEqual(cancelled, [true]);
});

test("a caller that hangs up while its request is on the way aborts the signal", async (t) => {
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  let arrived;
  const begun = new Promise((resolve) => (arrived = resolve));
  const url = await serve(t, async (request) => {
    request.signal.addEventListener("abort", () => left());
    arrived();
    return new Response(await request.text());
  });
  const outgoing = send(url, { method: "POST", headers: { "content-length": 100 } }).on("error", () => {});
  outgoing.write("part");
  await begun;
  outgoing.destroy();
  await gone;
});

test("an answer that ended aborts nothing", async (t) => {
  let signal;
  const url = await serve(t, (request) => {
    ({ signal } = request);
    return new Response("whole");
  });
  await (await fetch(url)).text();
  await (await fetch(url)).text();
  assert.equal(signal.aborted, false);
});

test("no more is taken from a body than the caller reads", async (t) => {
  let pulls = 0;
  const url = await serve(t, () => new Response(new ReadableStream({ pull: (controller) => (pulls++, controller.enqueue(new Uint8Array(65536))) })));
  const [incoming] = await once(send(url).end(), "response");
  let last;
  do {
    last = pulls;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (pulls > last);
  incoming.destroy();
  assert.ok(pulls < 500, `${pulls} pulls`);
});

test("a body that breaks is cut, so that it can't be taken for a whole one", async (t) => {
  const url = await serve(t, () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) })));
  await assert.rejects(async () => (await fetch(url)).text(), TypeError);
});

test("a handler that throws answers 500, and says why on the console alone", async (t) => {
  const printed = t.mock.method(console, "error", () => {});
  const url = await serve(t, () => Promise.reject(new Error("sesame")));
  const response = await fetch(url);
  assert.deepEqual([response.status, await response.text(), printed.mock.callCount()], [500, "", 1]);
});

test("a host that no URL can hold is refused", async (t) => {
  const url = await serve(t, () => new Response());
  const [incoming] = await once(send(url, { headers: { host: "a b" } }).end(), "response");
  assert.equal(incoming.statusCode, 400);
});

test("HEAD gets the headers alone", async (t) => {
  const url = await serve(t, () => new Response("body", { headers: { "x-two": "2" } }));
  const response = await fetch(url, { method: "HEAD" });
  assert.deepEqual([response.headers.get("x-two"), await response.text()], ["2", ""]);
});
