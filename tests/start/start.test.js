// `npm start` and its page, as a person meets them.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as send } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";

import { STANDIN_KEY, startLiveAvatar } from "../standins/liveavatar.js";
import { startLlm } from "../standins/llm.js";
import { launch, open } from "./program.js";

/** Takes one of the guide's steps and expects it to succeed. */
async function take(page, step) {
  await page.click(`#${step} form button`);
  await page.waitForSelector(`#${step}[data-state=done]`);
}

const connect = async (page) => {
  for (const step of ["secret", "configuration", "session"]) await take(page, step);
};

/** Chooses what the stand-in LLM does, which starts another session. */
async function choose(page, name) {
  const sessions = await page.locator("#session").getAttribute("data-taken");
  await page.selectOption("#behaviour", { label: name });
  await page.waitForFunction((before) => document.querySelector("#session").dataset.taken !== before, sessions);
}

/** Says something and waits for the turn's end. */
async function say(page, text) {
  await page.fill("#utterance", text);
  await page.click("#say button:has-text('Say')");
  await ended(page);
}

/** Waits until the turn is over and the endpoint has reported; gives what the page shows of it. */
async function ended(page) {
  await page.waitForFunction(() => document.querySelector("#interrupt").disabled && document.querySelector("#verdict").textContent.includes("The endpoint reports"));
  return {
    heard: await page.locator("#conversation .avatar .words").last().innerText(),
    verdict: await page.innerText("#verdict"),
    figures: Object.fromEntries(await page.locator("#figures > div").evaluateAll((all) => all.map((one) => [...one.children].map(({ textContent }) => textContent)))),
  };
}

async function isFree(port) {
  const server = createServer().listen(Number(port), "127.0.0.1");
  await once(server, "listening");
  server.close();
}

test("a person walks the three steps, talks, and sees how long the first word took", async (t) => {
  const { url } = await launch(t);
  const { page, complaints, hosts, everything } = await open(t, url);
  await connect(page);
  assert.match(await page.textContent("#secret .exchanges"), /x-api-key: ••••••••/);
  assert.match(await page.textContent("#session .exchanges"), /authorization: Bearer ••••••••/);
  assert.equal(await page.locator("#conversation .avatar").innerText().then((text) => text.split("\n").at(-1)), "Hello, I am the demo avatar.");

  await choose(page, "says «Hello world»");
  await say(page, "Good morning");
  const { heard, verdict, figures } = await ended(page);
  assert.equal(heard, "Hello world");
  assert.match(verdict, /LiveAvatar's caller: Heard to the end\.[^]*The endpoint reports: spoken/);
  assert.match(figures["first token"], /^\d+ ms$|^\d+\.\d s$/);
  assert.equal(figures.attempts, "1");
  assert.equal(await page.locator("#timeline rect.speaking").first().isVisible(), true);

  assert.deepEqual(complaints, []);
  assert.deepEqual([...hosts], [new URL(url).host]);
  assert.equal((await everything()).includes(STANDIN_KEY), false);
});

test("whatever the LLM does, the caller hears an ordinary turn, and the page says what it was", async (t) => {
  const { url } = await launch(t);
  const { page, complaints } = await open(t, url);
  await connect(page);
  for (const [behaviour, words, report] of [
    ["speaks many languages", /^Grüße aus Wien, привет .* 20 €\.$/, /spoken, /],
    ["thinks before it speaks", /^I thought about it: Why\?\.$/, /spoken, /],
    ["breaks off", /^A lighthouse keeper \S/, /cut, [^]*ConnectionError connection_lost/],
    ["refuses", /./, /failed, [^]*ApiError server_error/],
    ["answers without streaming", /^Hello world$/, /spoken, /],
  ]) {
    await choose(page, behaviour);
    await say(page, "Why?");
    const { heard, verdict } = await ended(page);
    assert.match(heard, words, behaviour);
    assert.match(verdict, /caller: Heard to the end\./, behaviour);
    assert.match(verdict, report, behaviour);
  }
  assert.deepEqual(complaints, []);
});

test("without the endpoint, an LLM that doesn't stream leaves the avatar mute", async (t) => {
  const { url } = await launch(t);
  const { page } = await open(t, url);
  await connect(page);
  await choose(page, "answers without streaming");
  await page.selectOption("#via", { label: "the LLM itself" });
  await page.waitForFunction(() => document.querySelector("#conversation").textContent.includes("asked without the endpoint"));
  await page.click("#say button:has-text('Say')");
  await page.waitForFunction(() => document.querySelector("#verdict").textContent.includes("Mute"));
  assert.equal(await page.locator("#conversation .avatar .words").last().innerText(), "silence");
});

test("the user interrupts, by button, by key and by speaking", async (t) => {
  const { url } = await launch(t);
  const { page, complaints } = await open(t, url);
  await connect(page);
  await choose(page, "goes on and on");
  const speaks = async () => {
    await page.click("#say button:has-text('Say')");
    await page.waitForSelector("#conversation .avatar:last-child[data-state=speaking]");
  };
  await speaks();
  await page.click("#interrupt");
  assert.match((await ended(page)).verdict, /caller: Interrupted\.[^]*reports: interrupted/);
  await speaks();
  await page.press("#utterance", "Escape");
  assert.match((await ended(page)).verdict, /reports: interrupted/);
  await speaks();
  await speaks();
  assert.equal(await page.locator("#conversation .avatar[data-state=interrupted]").count(), 3);
  assert.deepEqual(complaints, []);
});

test("the payload is checked as it is typed, and what the library throws is shown", async (t) => {
  const { url } = await launch(t);
  const { page, complaints } = await open(t, url);
  await page.fill("#session-body", '{ "mode": "FULL", "avatar_id": "Wayne" }');
  const issues = await page.innerText("#session .issues");
  assert.match(issues, /error avatar_id/);
  assert.match(issues, /error avatar_persona/);
  await page.click("#session form button");
  await page.waitForSelector("#session[data-state=failed]");
  assert.match(await page.innerText("#session .exchanges"), /^ValidationError/);
  assert.equal(await page.locator("#session details").count(), 0, "nothing was sent");

  await page.fill("#session-body", "{ mode");
  assert.match(await page.innerText("#session .issues"), /This is no JSON/);
  assert.deepEqual(complaints, []);
});

test("what the service refuses is shown as the library throws it", async (t) => {
  const { url } = await launch(t);
  const { page } = await open(t, url);
  const unknown = "00000000-0000-4000-8000-000000000000";
  await page.fill("#configuration-body", JSON.stringify({ display_name: "a", model_name: "b", secret_id: unknown, base_url: "https://example.com/v1" }));
  await page.click("#configuration form button");
  await page.waitForSelector("#configuration[data-state=failed]");
  assert.match(await page.innerText("#configuration .error"), /^ApiError[^]*not found in your space[^]*status 400/);
});

test("a session that has ended is told, and another can be started", async (t) => {
  const { url } = await launch(t);
  const { page } = await open(t, url);
  await connect(page);
  const { liveAvatar } = await (await fetch(`${url}api/setup`)).json();
  await fetch(`${liveAvatar.url}/standin/clock`, { method: "POST", body: '{"advanceMs":300000}' });
  await page.click("#say button:has-text('Say')");
  assert.match(await page.innerText("#conversation .error"), /The session has ended: IDLE_TIMEOUT\. Start another\./);
  await take(page, "session");
  await say(page, "Hello");
  assert.match((await ended(page)).heard, /You said: Hello/);
});

test("one button, or ?auto, does the whole journey; on a small dark screen as well", async (t) => {
  const { url } = await launch(t);
  const { page, complaints } = await open(t, `${url}?auto`, { viewport: { width: 360, height: 740 }, colorScheme: "dark", reducedMotion: "reduce" });
  assert.match((await ended(page)).heard, /I am a scripted stand-in/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, "nothing stands out to the side");
  assert.deepEqual(complaints, []);

  await page.goto(url);
  await page.click("#walk");
  assert.match((await ended(page)).heard, /I am a scripted stand-in/);
});

test("all of it can be done with the keyboard alone", async (t) => {
  const { url } = await launch(t);
  const { page } = await open(t, url);
  const reach = async (selector) => {
    for (let tabs = 0; tabs < 60; tabs++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    }
    assert.fail(`Tab never came to ${selector}`);
  };
  for (const step of ["secret", "configuration", "session"]) {
    await reach(`#${step} form button`);
    await page.keyboard.press("Enter");
    await page.waitForSelector(`#${step}[data-state=done]`);
  }
  await reach("#utterance");
  await page.keyboard.press("Enter");
  assert.match((await ended(page)).heard, /You said: Hello!/);
});

test("with keys both are real, and no key reaches the page or the terminal", async (t) => {
  const llm = await startLlm({ key: "sesame-llm" });
  const liveavatar = await startLiveAvatar({ apiKey: "sesame-liveavatar" });
  t.after(() => Promise.all([llm.close(), liveavatar.close()]));
  const program = await launch(t, { LIVEAVATAR_API_KEY: "sesame-liveavatar", LIVEAVATAR_BASE_URL: liveavatar.url, LLM_BASE_URL: llm.baseUrl, LLM_API_KEY: "sesame-llm", LLM_MODEL: "hello" });
  assert.match(program.output, /LiveAvatar\s+real[^]*LLM\s+real/);
  assert.match(program.output, /The real LiveAvatar cannot reach http:\S+, which is on this computer[^]*PUBLIC_URL/);

  const { page, complaints, everything } = await open(t, program.url);
  assert.match(await page.innerText("#notice"), /PUBLIC_URL/);
  await connect(page);
  await say(page, "Hello");
  assert.equal((await ended(page)).heard, "Hello world");
  assert.deepEqual(llm.requests.map(({ status }) => status), [200]);
  assert.deepEqual(complaints, []);

  const sessions = [...liveavatar.state.sessions.values()];
  assert.deepEqual(sessions.map(({ live, request }) => [live, request.is_sandbox]), [[true, true]]);
  const [{ secret_value: token }] = liveavatar.state.secrets.values();
  assert.equal(await program.stop("SIGINT"), 0);
  // Its token is gone with the endpoint, so what was registered for it is of no use to anybody.
  assert.deepEqual([liveavatar.state.secrets.size, liveavatar.state.llmConfigurations.size, sessions[0].live], [0, 0, false]);

  const seen = (await everything()) + program.output;
  for (const key of ["sesame-llm", "sesame-liveavatar", token, sessions[0].token, sessions[0].started.livekit_client_token]) assert.equal(seen.includes(key), false);
});

test("a real LiveAvatar is given the tunnel's address, or that of a public LLM", async (t) => {
  const liveavatar = await startLiveAvatar({ apiKey: "key" });
  t.after(() => liveavatar.close());
  const real = { LIVEAVATAR_API_KEY: "key", LIVEAVATAR_BASE_URL: liveavatar.url };
  const llm = { LLM_BASE_URL: "https://llm.example.com/v1" };
  for (const [env, registered] of [
    [{ ...real, PUBLIC_URL: "https://tunnel.example.com/" }, "https://tunnel.example.com"],
    [{ ...real, ...llm }, "https://llm.example.com/v1"],
    [{ ...real, ...llm, PUBLIC_URL: "https://tunnel.example.com" }, "https://tunnel.example.com"],
  ]) {
    const program = await launch(t, env);
    assert.match(program.output, new RegExp(`Registered with LiveAvatar: ${registered}\n`));
    const { page } = await open(t, program.url);
    assert.equal(JSON.parse(await page.inputValue("#configuration-body")).base_url, registered);
  }
});

test("a public address that is none is told before anything starts", async (t) => {
  const program = await launch(t, { LIVEAVATAR_API_KEY: "key", LIVEAVATAR_BASE_URL: "http://127.0.0.1:9", PUBLIC_URL: "http://192.168.0.7:4401" });
  assert.match(program.output, /PUBLIC_URL must be an address at which LiveAvatar can reach this computer/);
  assert.equal(await program.ended, 1);
});

test("a wrong value is told in a sentence, and nothing starts", async (t) => {
  const program = await launch(t, { LLM_BASE_URL: "example.com/v1" });
  assert.equal(await program.ended, 1);
  assert.equal(program.output, '\nNothing was started.\n- LLM_BASE_URL is no URL: "example.com/v1". Write it whole, such as https://example.com/v1.\n');
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`${signal} ends everything with status 0, even while the avatar speaks`, async (t) => {
    const { url, endpoint, stop, output } = await launch(t).then((program) => Object.assign(program, { before: program.output }));
    const { page } = await open(t, url);
    await connect(page);
    await choose(page, "goes on and on");
    await page.click("#say button:has-text('Say')");
    await page.waitForSelector("#conversation .avatar:last-child[data-state=speaking]");
    assert.equal(await stop(signal), 0);
    for (const address of [url, endpoint]) await isFree(new URL(address).port);
    assert.doesNotMatch(output, /\n\s+at /, "no stack trace");
  });
}

test("where the port is taken another is found, and said", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address();
  const program = await launch(t, { PORT: String(port) });
  assert.match(program.output, new RegExp(`Port ${port} is taken: the page is at \\d+ instead\\.`));
  assert.equal((await fetch(program.url)).status, 200);
  assert.equal(new URL(program.url).port === String(port), false);
});

test("nobody but the page itself is answered", async (t) => {
  const { url } = await launch(t);
  const { host, port } = new URL(url);
  const status = async (path, { method = "GET", ...headers }) => {
    const request = send({ host: "127.0.0.1", port, path, method, headers: { host, ...headers } });
    request.end(method === "POST" ? '{"secret_name":"a"}' : undefined);
    const [response] = await once(request, "response");
    response.resume();
    return response.statusCode;
  };
  const json = { method: "POST", "content-type": "application/json" };
  assert.equal(await status("/api/secrets", { ...json, origin: `http://${host}` }), 200);
  assert.equal(await status("/api/secrets", { ...json, origin: "https://evil.example" }), 403);
  assert.equal(await status("/api/secrets", { ...json, origin: "null" }), 403);
  assert.equal(await status("/api/secrets", json), 403);
  assert.equal(await status("/api/secrets", { method: "POST", "content-type": "text/plain", origin: `http://${host}` }), 403);
  assert.equal(await status("/api/setup", {}), 200);
  assert.equal(await status("/api/setup", { "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await status("/", { host: `evil.example:${port}` }), 403);
  assert.equal(await status("/api/setup", { host: `evil.example:${port}` }), 403);
  assert.equal(await status("/../package.json", {}), 404);
  assert.equal(await status("/%2e%2e/package.json", {}), 404);
});

test("the policy of the page allows itself and WebAssembly, and nothing else", async (t) => {
  const { url } = await launch(t);
  const policy = (await fetch(url)).headers.get("content-security-policy");
  assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-[^']+'; style-src 'self'; /);
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|\*/);
});
