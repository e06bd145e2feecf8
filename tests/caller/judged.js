// What the package's judge makes of a mixture, in the words of record.js.

import { startJudge, verdict } from "../standins/liveavatar/judge.js";

/**
 * @param {import("./faults/build.js").Fault} mixture without long silences: whose answers have statuses, headers, steps and ends, and nothing else
 * @param {"observed" | "newest"} version
 */
export async function judged({ answers }, version) {
  const judge = await startJudge({ version });
  let now = 0;
  for (let asked = 0; judge.next() === "send"; asked++) {
    const { status, headers, steps, end } = answers[Math.min(asked, answers.length - 1)];
    judge.send(now);
    judge.head(status, "location" in headers, headers["content-encoding"] ?? "", now);
    // The judge is told the bytes as they are once they are uncompressed, and that is how they stand here.
    for (const step of steps) {
      if (judge.next() !== "read") break;
      if (typeof step === "object" && "wait" in step) now += step.wait;
      else judge.push(typeof step === "string" ? Buffer.from(step) : Buffer.from(step.base64, "base64"), now);
    }
    if (judge.next() === "read" && end === "end") judge.end(now);
    if (judge.next() === "read" && end === "cut") judge.lose(false, now);
    for (let due; (due = judge.due()) !== undefined; ) judge.tick((now = due));
  }
  const { outcome, heard, attempts, requests, toolCalls } = verdict(judge);
  judge.free();
  return {
    outcome,
    heard,
    ...(toolCalls.length > 0 && { toolCalls: toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given })) }),
    attempts: attempts.length,
    ...(requests !== attempts.length && { requests }),
  };
}
