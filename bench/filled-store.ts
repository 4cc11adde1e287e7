/** The same burst over an empty store and, after a restart, over filled ones: what grows with the stored deliveries. */
import { type Document, MongoClient } from "mongodb";
import { newId } from "../src/store/ids.js";
import { type Run, target, WARM_UP, warmUp } from "./case.js";
import { monotonicMs, pause } from "./clock.js";
import { measured } from "./measure.js";
import { type Stack, subscribe } from "./stack.js";
import { cpuSeconds } from "./usage.js";

const CLIENTS = 32;
/** Documents of one insert. */
const TOGETHER = 500;
/** What runs at the start and in the first seconds is over by then. */
const SETTLED_MS = 15_000;

/** The database's CPU for a burst, and from its own start until the service has been up for some seconds. */
export async function filledStore(run: Run): Promise<void> {
  const { stack, sizes } = run;
  const sink = stack.plainSink;
  const set = await subscribe(stack, sink, "filled");
  const publish = (events: number, phase: string) =>
    stack.load.call("burst", { ...target(run, set, phase), events, concurrency: CLIENTS });
  let atStart: number | undefined;
  for (const stored of [0, ...sizes.filled]) {
    run.say(`burst over ${stored} stored deliveries: filling`);
    const isFull = await fill(stack, stored);
    await stack.stopService();
    await stack.restartService();
    const started = await databaseCpuOfStart(stack);
    atStart ??= started;
    run.comparisons.push({ name: `database's CPU s of a start over ${isFull}`, alone: atStart, burdened: started });
    await warmUp(sink, set, () => publish(Math.ceil(sizes.events * WARM_UP), `w${stored}-`));
    const name = `burst over ${stored} stored deliveries, after a restart`;
    run.say(name);
    run.rows.push(await measured(name, { stack, sink, set }, () => publish(sizes.events, `m${stored}-`)));
  }
}

async function databaseCpuOfStart({ service }: Stack): Promise<number> {
  for (const until = monotonicMs() + SETTLED_MS; monotonicMs() < until;) await pause(100);
  const { mongodb } = service.pids();
  return mongodb ? cpuSeconds(mongodb) : Number.NaN;
}

/** Copies stored events and deliveries under new ids until there are so many. Gives how many there are. */
async function fill({ service }: Stack, stored: number): Promise<number> {
  const client = await new MongoClient(service.mongodbUrl).connect();
  try {
    const database = client.db("sealpost");
    const [events, deliveries] = ["events", "deliveries"].map((name) =>
      database.collection<Document & { _id: string }>(name),
    );
    let count = (await deliveries?.countDocuments()) ?? 0;
    const [event] = (await events?.find().limit(1).toArray()) ?? [];
    const [delivery] = (await deliveries?.find().limit(1).toArray()) ?? [];
    if (!event || !delivery) return count;
    for (; count < stored; count += TOGETHER) {
      const ids = Array.from({ length: TOGETHER }, () => newId("evt"));
      await events?.insertMany(ids.map((_id) => ({ ...event, _id })));
      await deliveries?.insertMany(
        ids.map((id) => ({ ...delivery, _id: `${id}.${String(delivery["subscriptionId"])}`, eventId: id })),
      );
    }
    return count;
  } finally {
    await client.close();
  }
}
