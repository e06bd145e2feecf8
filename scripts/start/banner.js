// What `npm start` says once everything runs.

const CODES = { bold: 1, dim: 2, green: 32, yellow: 33, cyan: 36 };

/**
 * @param {{ url: string, setup: any, moved: string[] }} parts
 * @param {{ seconds: string, isTerminal: boolean, hasIdlePublicUrl: boolean }} circumstances
 * @returns {string}
 */
export function banner({ url, setup, moved }, { seconds, isTerminal, hasIdlePublicUrl }) {
  const paint = (style, text) => (isTerminal ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text);
  const { liveAvatar, endpoint, llm } = setup;
  const part = (name, isReal, address, about) =>
    `    ${name.padEnd(12)}${paint(isReal ? "green" : "yellow", (isReal ? "real" : "stand-in").padEnd(10))}${address}\n${" ".repeat(26)}${paint("dim", about)}`;
  const lines = [
    "",
    `  ${paint("bold", "liveavatar-llm")} runs ${paint("dim", `(${seconds} s)`)}. Open`,
    "",
    `    ${paint("cyan", url)}`,
    "",
    part("LiveAvatar", liveAvatar.isReal, liveAvatar.url, liveAvatar.isReal ? "Sessions are real; what the avatar says is rehearsed here, without video." : "No video, no sound. LIVEAVATAR_API_KEY puts the real one here."),
    part("Endpoint", true, endpoint.url, endpoint.isAsked ? "This package's ChatEndpoint." : "This package's ChatEndpoint. Without PUBLIC_URL, LiveAvatar asks the LLM itself."),
    part("LLM", llm.isReal, llm.url, llm.isReal ? `Asked for ${llm.model}; LLM_MODEL names another.` : "Scripted. LLM_BASE_URL, LLM_API_KEY, LLM_MODEL put a real one here."),
    "",
    ...notes(setup, hasIdlePublicUrl).map((note) => `  ${paint("yellow", "!")} ${note}`),
    ...moved.map((text) => `  ${paint("yellow", "!")} ${text}`),
    `  ${paint("dim", "Ctrl-C ends everything.")}`,
    "",
  ];
  return lines.join("\n");
}

function notes({ isUnreachable, endpoint, registered, liveAvatar }, hasIdlePublicUrl) {
  if (isUnreachable) {
    const { origin } = new URL(endpoint.url);
    return [
      `The real LiveAvatar cannot reach ${endpoint.url}, which is on this computer, so its avatar would be mute.\n` +
        `    Open a tunnel to ${origin} with a program of your choice, and start again with PUBLIC_URL set to its address.`,
    ];
  }
  if (liveAvatar.isReal) return [`Registered with LiveAvatar: ${registered}`];
  return hasIdlePublicUrl ? ["PUBLIC_URL is not used: the stand-in for LiveAvatar runs on this computer."] : [];
}
