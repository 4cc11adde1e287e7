/** SIGKILL of the service in the middle of a burst. Its engines live on, and it is started again at once. */
import { type Run, target, WARM_UP, warmUp } from "./case.js";
import { monotonicMs, pause } from "./clock.js";
import { measured } from "./measure.js";
import { subscribe } from "./stack.js";

const EVENTS = 5_000;
const CLIENTS = 32;
/** The kill comes when so many have arrived. */
const KILLED_AT = 1_500;
const WAIT_MS = 60_000;

/** What was accepted before the kill is measured. What was refused meanwhile is not published again. */
export async function killedBurst(run: Run): Promise<void> {
  const { stack } = run;
  const sink = stack.plainSink;
  const set = await subscribe(stack, sink, "killed");
  const publish = (events: number, phase: string) =>
    stack.load.call("burst", { ...target(run, set, phase), events, concurrency: CLIENTS });
  await warmUp(sink, set, () => publish(EVENTS * WARM_UP, "w"));
  run.say("burst, SIGKILL of the service");
  const row = await measured("burst, SIGKILL of the service", { stack, sink, set }, async () => {
    const published = publish(EVENTS, "m");
    for (const deadline = monotonicMs() + WAIT_MS; monotonicMs() < deadline; await pause(5))
      if ((await sink.call("count", undefined)).requests >= KILLED_AT) break;
    await stack.killService();
    await stack.restartService();
    return published;
  });
  run.rows.push(row);
}
