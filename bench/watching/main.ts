/**
 * `npm run watching`: what it costs that people watch. It measures the service with 500 listeners against none, and the
 * browser that shows a list. Nothing here passes or fails by a duration.
 */
import { parseArgs } from "node:util";
import { createClient } from "../../test/support/client.js";
import { startReceiver } from "../../test/support/receiver.js";
import { startService } from "../../test/support/service.js";
import { table } from "../report.js";
import { measureList, ROWS } from "./list.js";
import { measureListeners } from "./listeners.js";

const { values } = parseArgs({
  options: {
    listeners: { type: "string", default: "500" },
    rate: { type: "string", default: "50" },
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    loads: { type: "string", default: "9" },
    help: { type: "boolean", default: false },
  },
});
const USAGE = `npm run watching -- [options]
  --listeners 500   of GET /v1/stream
  --rate 50         events a second meanwhile
  --seconds 20      of each turn
  --rounds 3        turns without and with listeners
  --loads 9         of the list in a browser
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const TYPE = "payments.invoice.paid";

async function main(): Promise<void> {
  if (values.help) return print(USAGE);
  const receiver = await startReceiver();
  const service = await startService({ env: { SEALPOST_DEMO: "1" } });
  const client = createClient(service.url, service.adminKey);
  try {
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    await client.post("/v1/event-types", { name: TYPE, apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    await client.post("/v1/subscriptions", { groupId, url: receiver.url, eventTypes: [TYPE] });
    const [none, all] = await measureListeners({
      service,
      client,
      groupId,
      eventType: TYPE,
      listeners: Number(values.listeners),
      perSecond: Number(values.rate),
      seconds: Number(values.seconds),
      rounds: Number(values.rounds),
      say,
    });
    const percent = (value: number): string => `${value.toFixed(1)} %`;
    print(
      table(
        ["listeners", "service, of one core", "database, of one core", "bytes a second each"],
        [none, all].map((each) => [
          String(each.listeners),
          percent(each.service),
          percent(each.database),
          Math.round(each.bytesPerSecond).toString(),
        ]),
      ),
    );
    print(`\nThe service with listeners ÷ without: ${(all.service / none.service).toFixed(2)}\n`);
    const lists = await measureList(service, Number(values.loads), say);
    print(
      table(
        ["processor", `${ROWS} rows usable after the answer, ms`, "the browser's own copy of them, ms", "ratio"],
        lists.map(({ slowed, usable, copied }) => [
          slowed === 1 ? "as it is" : `${slowed}× slower`,
          Math.round(usable).toString(),
          copied.toFixed(1),
          (usable / copied).toFixed(1),
        ]),
      ),
    );
  } finally {
    await client.close();
    await service.remove();
    await receiver.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
