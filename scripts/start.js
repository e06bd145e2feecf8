// `npm start`: builds what is missing, then a page on this computer that connects an LLM to LiveAvatar and talks.
// Without keys both are stand-ins. What can be set: scripts/start/settings.js.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { build, pkg } from "./build.js";
import { start } from "./process.js";
import { banner } from "./start/banner.js";
import { startParts } from "./start/parts.js";
import { settings } from "./start/settings.js";

/** Resolves at the first signal to end, which is no failure. */
function signal() {
  return new Promise((resolve) => {
    let first;
    const take = () => {
      first ??= performance.now();
      resolve();
      // npm sends on what the terminal has sent already. Who asks again later doesn't want to wait.
      if (performance.now() - first > 500) process.exit(130);
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, take);
  });
}

await start(async () => {
  const began = performance.now();
  const wanted = settings(process.env);
  await build();
  const stopped = signal();
  const parts = await startParts(wanted, await import(pathToFileURL(join(pkg, "index.js")).href));
  console.log(
    banner(parts, {
      seconds: ((performance.now() - began) / 1000).toFixed(1),
      isTerminal: Boolean(process.stdout.isTTY) && !process.env.NO_COLOR,
      hasIdlePublicUrl: wanted.publicUrl !== undefined && wanted.liveAvatar === undefined,
    }),
  );
  await stopped;
  for (const done of await parts.close()) console.log(`  ${done}`);
  // Connections that are kept for later must not keep this process.
  process.exit(0);
});
