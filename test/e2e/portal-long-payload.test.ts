/** A payload of a megabyte with 100,000 members in a real browser: all of it is there, and few rows of it are drawn. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { longTasks, watchTasks } from "./page-cost.js";
import { closed, isInSight, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-long-payload.test.ts is skipped: " +
      "there is no Chromium on this machine (apt-get install chromium).\n",
  );

const TYPE = "ledger.book.closed";
const MEMBERS = 100_000;
const LIMIT = 1024 * 1024;
/** With the braces, a line for each member. */
const DATA = `{${Array.from({ length: MEMBERS }, (_, n) => `"${n.toString(36)}":${n % 100}`).join(",")}}`;
const LAST = (MEMBERS - 1).toString(36);
/** As it is sent. Numbers come first among the names of an object. */
const SENT = JSON.stringify(JSON.parse(DATA));
/** The name of a member in the middle of a row as sent, which is far below the first row of its block. */
const WITHIN_BLOCK = (() => {
  const at = SENT.indexOf(',"', (20 * 16 + 14) * 1_200 + 600) + 1;
  return SENT.slice(at, SENT.indexOf(":", at) + 1);
})();
/** The last member is no text, so the fault stands in the last line but one. */
const SCHEMA = { type: "object", properties: { [LAST]: { type: "string" } } };
/** Far more than a screen shows, and far less than there are. */
const MOST_DRAWN = 200;

/** Milliseconds of the longest task of the page since the last look. 0 if none took 50 ms. */
const longestTask = async (page: Page): Promise<number> => Math.round(Math.max(0, ...(await longTasks(page))));

describe.skipIf(!there)("a payload of a megabyte", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;
  let path: string;

  beforeAll(async () => {
    receiver = await startReceiver();
    service = await startService({ env: { SEALPOST_DEMO: "1", PAYLOAD_LIMIT_BYTES: String(LIMIT) } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (at: string, body: unknown) => String((await client.post<{ id: string }>(at, body)).body.id);
    const apiId = await made("/v1/apis", { name: "Ledger" });
    await client.post("/v1/event-types", { name: TYPE, apiId, schema: SCHEMA });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    const subscriptionId = await made("/v1/subscriptions", { groupId, url: receiver.url, eventTypes: [TYPE] });
    const eventId = await made("/v1/events", { type: TYPE, data: JSON.parse(DATA) as unknown });
    path = `/portal/deliveries/${encodeURIComponent(`${eventId}.${subscriptionId}`)}`;
    await vi.waitUntil(() => receiver.requests.length > 0, { ...WITHIN, interval: 100 });
    expect(receiver.requests[0]?.body.byteLength).toBeGreaterThan(LIMIT * 0.8);
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  /** Looks at the payload in every way. Gives the longest task of each. */
  async function walk(page: Page): Promise<Record<string, number>> {
    await page.goto(`${service.url}${path}`);
    const text = page.getByRole("region", { name: "Text of the payload" });
    const drawn = () => text.locator("div[data-index] > div").count();
    const tasks: Record<string, number> = {};
    const shown = async (view: string, begin: string) => {
      await text.getByText(begin).first().waitFor();
      expect(await drawn()).toBeGreaterThan(5);
      expect(await drawn()).toBeLessThan(MOST_DRAWN);
      tasks[view] = await longestTask(page);
    };
    await shown("readable", '"0": 0,');
    await page.getByRole("radio", { name: "As sent" }).check();
    await shown("as sent", '{"0":0,"1":1,');
    // Rows of many lines are higher than was thought before they were drawn.
    const search = page.getByRole("searchbox", { name: "Find in the payload" });
    await search.fill(WITHIN_BLOCK);
    await expect.poll(() => isInSight(text.getByText(WITHIN_BLOCK)), WITHIN).toBe(true);
    await search.fill("");
    await page.getByRole("radio", { name: "Bytes" }).check();
    await shown("bytes", "000000  7b 22 30 22");
    await page.getByRole("radio", { name: "Readable" }).check();
    await shown("readable again", '"0": 0,');
    await search.fill(`"${LAST}": `);
    await page.getByText("1 of 1", { exact: true }).waitFor();
    const last = text.getByText(`"${LAST}": ${(MEMBERS - 1) % 100}`);
    await expect.poll(() => isInSight(last), WITHIN).toBe(true);
    expect(await drawn()).toBeLessThan(MOST_DRAWN);
    tasks["search"] = await longestTask(page);
    await picture(page, "long-payload");
    // A person who scrolls away afterwards is not led back.
    await text.evaluate((region) => region.scrollTo(0, 0));
    await text.getByText('"0": 0,').first().waitFor();
    await expect.poll(() => last.count()).toBe(0);
    await page.getByRole("link", { name: `Line ${MEMBERS + 1}`, exact: true }).click();
    await expect.poll(() => isInSight(text.getByText(`/${LAST} must be string`)), WITHIN).toBe(true);
    tasks["fault"] = await longestTask(page);
    return tasks;
  }

  it("is readable, as sent and as bytes, and its last member is found", async () => {
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/account" });
    const { page } = visitor;
    await watchTasks(page);
    const protocol = await page.context().newCDPSession(page);
    for (const slowed of [1, 2]) {
      await protocol.send("Emulation.setCPUThrottlingRate", { rate: slowed });
      const tasks = await walk(page);
      process.stdout.write(
        `A payload of a megabyte, ${slowed}× slower, longest task in ms (0: less than 50): ${JSON.stringify(tasks)}\n`,
      );
    }
    await closed(visitor);
  });
});
