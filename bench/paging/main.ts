/**
 * `npm run paging`: a list of 10,000 deliveries in a real service, turned page by page to its end in a real browser.
 * The rows come from the database, unlike the pages of `npm run watching`. Nothing here passes or fails by a duration.
 */
import { parseArgs } from "node:util";
import { startChromium } from "../../test/support/chromium.js";
import { type Client, createClient, createSubscriptionSet } from "../../test/support/client.js";
import { longTasks, watchTasks } from "../../test/e2e/page-cost.js";
import { type Service, startService } from "../../test/support/service.js";
import { quantile } from "../clock.js";
import { table } from "../report.js";
import { loggedIn } from "../watching/list.js";
import { type DeliveryOwner, fillDeliveries } from "./fill.js";
import { type Turned, turnPage } from "./turns.js";
import { print, runCommand, say } from "../command.js";

const { values } = parseArgs({
  options: {
    deliveries: { type: "string", default: "10000" },
    slowed: { type: "string", default: "1,4" },
    help: { type: "boolean", default: false },
  },
});
const USAGE = `npm run paging -- [options]
  --deliveries 10000   that the list has
  --slowed 1,4         how many times slower the browser's processor is made
`;
/** Pages of the beginning and of the end that are told apart. */
const AT_AN_END = 20;

interface Walk {
  slowed: number;
  turns: Turned[];
  /** Milliseconds of each task of 50 ms and more. */
  tasks: number[];
}

/** Turns all pages. @throws Error if a row is missing or comes twice */
async function walk(service: Service, slowed: number, deliveries: number): Promise<Walk> {
  const chromium = await startChromium();
  try {
    const page = await loggedIn(chromium, service);
    await watchTasks(page);
    const protocol = await page.context().newCDPSession(page);
    await protocol.send("Emulation.setCPUThrottlingRate", { rate: slowed });
    await page.goto(`${service.url}/portal/deliveries`);
    await page.getByRole("link", { name: "Older" }).waitFor();
    const first = await page
      .locator("tbody a[data-row-link]")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
    // The first page is loaded and not turned to.
    await longTasks(page);
    const turns: Turned[] = [];
    const tasks: number[] = [];
    do {
      turns.push(await turnPage(page));
      tasks.push(...(await longTasks(page)));
    } while (turns.at(-1)?.isLast !== true);
    const rows = [...first, ...turns.flatMap((turned) => turned.rows)];
    if (rows.length !== deliveries || new Set(rows).size !== deliveries)
      throw new Error(`${rows.length} rows were shown, ${new Set(rows).size} different ones of ${deliveries}.`);
    return { slowed, turns, tasks };
  } finally {
    await chromium.close();
  }
}

function report({ slowed, turns, tasks }: Walk): string {
  const ms = (found: readonly number[], part: number): string => quantile([...found], part).toFixed(0);
  const took = turns.map((turned) => turned.took);
  const answered = turns.map((turned) => turned.answered);
  return table(
    [
      "processor",
      "pages turned",
      "a page, ms p50 / p99 / most",
      `of it the answer, first ${AT_AN_END} / last ${AT_AN_END}, ms p50`,
      "tasks > 100 ms",
      "longest task, ms",
    ],
    [
      [
        slowed === 1 ? "as it is" : `${slowed}× slower`,
        String(turns.length),
        `${ms(took, 0.5)} / ${ms(took, 0.99)} / ${ms(took, 1)}`,
        `${ms(answered.slice(0, AT_AN_END), 0.5)} / ${ms(answered.slice(-AT_AN_END), 0.5)}`,
        String(tasks.filter((each) => each > 100).length),
        tasks.length === 0 ? "< 50" : Math.max(...tasks).toFixed(0),
      ],
    ],
  );
}

async function ownerIn(client: Client): Promise<DeliveryOwner> {
  const urls = ["https://127.0.0.1:9/hook"];
  const { apiId, groupId, eventType, subscriptions } = await createSubscriptionSet(client, { name: "paging", urls });
  const [subscription] = subscriptions;
  if (!subscription) throw new Error("The service made no subscription.");
  return { subscriptionId: subscription.id, groupId, eventType, apiId };
}

async function main(): Promise<void> {
  if (values.help) return print(USAGE);
  const deliveries = Number(values.deliveries);
  const service = await startService({ env: { SEALPOST_DEMO: "1" } });
  const client = createClient(service.url, service.adminKey);
  try {
    say(`${deliveries} deliveries are written`);
    const { ferretDb } = await fillDeliveries(service, await ownerIn(client), deliveries);
    print(`${deliveries} deliveries on ${ferretDb ? "FerretDB" : "MongoDB"}`);
    for (const slowed of values.slowed.split(",").map(Number)) {
      say(`all pages, ${slowed}× slower`);
      // At once: on FerretDB a walk takes minutes.
      print(`\n${report(await walk(service, slowed, deliveries))}`);
    }
  } finally {
    await client.close();
    await service.remove();
  }
}

runCommand(main);
