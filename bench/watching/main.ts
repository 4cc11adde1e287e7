/**
 * `npm run watching`: what it costs that people watch. It measures the service with 500 listeners against none, and the
 * browser that shows a list. Nothing here passes or fails by a duration.
 */
import { parseArgs } from "node:util";
import { type Client, createClient } from "../../test/support/client.js";
import { startReceiver } from "../../test/support/receiver.js";
import { type Service, startService } from "../../test/support/service.js";
import { pause } from "../clock.js";
import { table } from "../report.js";
import { measureList, ROWS } from "./list.js";
import { measureListeners } from "./listeners.js";
import { measurePages } from "./pages.js";
import { print, runCommand, say } from "../command.js";

const { values } = parseArgs({
  options: {
    listeners: { type: "string", default: "500" },
    rate: { type: "string", default: "50" },
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    loads: { type: "string", default: "9" },
    pages: { type: "string", default: "200" },
    help: { type: "boolean", default: false },
  },
});
const USAGE = `npm run watching -- [options]
  --listeners 500   of GET /v1/stream. 0: the browser alone is measured
  --rate 50         events a second meanwhile
  --seconds 20      of each turn
  --rounds 3        turns without and with listeners
  --loads 9         of the list in a browser
  --pages 200       of 50 rows, turned one after the other
`;

const TYPE = "payments.invoice.paid";

async function listeners(at: { service: Service; client: Client; groupId: string }): Promise<void> {
  const [none, all] = await measureListeners({
    ...at,
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
}

/** Deliveries for the list, where no listener was measured. */
async function fill(client: Client): Promise<void> {
  const events = Array.from({ length: 2 * ROWS }, (_, n) => ({ type: TYPE, data: { n } }));
  await client.post("/v1/events", events);
  const delivered = async () =>
    (await client.get<{ count: number }>("/v1/deliveries/count?status=delivered")).body.count >= events.length;
  while (!(await delivered())) await pause(500);
}

async function browser(service: Service): Promise<void> {
  const speed = (slowed: number): string => (slowed === 1 ? "as it is" : `${slowed}× slower`);
  const lists = await measureList(service, Number(values.loads), say);
  print(
    table(
      ["processor", `${ROWS} rows usable after the answer, ms`, "the browser's own copy of them, ms", "ratio"],
      lists.map(({ slowed, usable, copied }) => [
        speed(slowed),
        Math.round(usable).toString(),
        copied.toFixed(1),
        (usable / copied).toFixed(1),
      ]),
    ),
  );
  const pages = await measurePages(service, Number(values.pages), say);
  print(
    table(
      ["processor", "rows paged", "a page, ms", "the longest, ms", "tasks > 100 ms", "longest task, ms", "bytes a row"],
      pages.map(({ slowed, rows, median, longest, longTasks, longestTask, bytesARow }) => [
        speed(slowed),
        String(rows),
        Math.round(median).toString(),
        Math.round(longest).toString(),
        String(longTasks),
        Math.round(longestTask).toString(),
        Math.round(bytesARow).toString(),
      ]),
    ),
  );
}

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
    if (Number(values.listeners) > 0) await listeners({ service, client, groupId });
    else await fill(client);
    await browser(service);
  } finally {
    await client.close();
    await service.remove();
    await receiver.close();
  }
}

runCommand(main);
