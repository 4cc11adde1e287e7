/** Every screen of the portal, light and dark, at three widths: no fault that axe finds, and no sideways scrolling. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { drawnRows, kept, pushChanges, usableAfter, watchCost } from "./page-cost.js";
import { checkedEverywhere, closed, logInAs, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-accessibility.test.ts is skipped: there is no Chromium here (apt-get install chromium).\n",
  );

/** One of each kind that a list shows. */
const ANSWERS = [204, 422, 503, 204, 400];
const REFUSED = "payments.invoice.voided";
const ROWS = 100;
/** Elements of a row of nine columns. */
const MOST_ELEMENTS = 40;
/** Five minutes of 50 changes a second. */
const CHANGES = 15_000;
/** What is kept of each change grows in each part. What the page makes once, such as a formatter, grows in one. */
const PARTS = 3;
/** What the browser's compiler and caches take meanwhile. A change that is kept takes 200 bytes and more. */
const SLACK_BYTES = 512 * 1024;

describe.skipIf(!there)("the portal's screens", { timeout: 300_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;

  beforeAll(async () => {
    receiver = await startReceiver({
      respond: ({ number, headers }) => ({
        status: headers["webhook-event-type"] === REFUSED ? 422 : (ANSWERS[number % ANSWERS.length] ?? 204),
      }),
    });
    service = await startService();
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    for (const name of ["payments.invoice.paid", REFUSED]) await client.post("/v1/event-types", { name, apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    await client.post("/v1/subscriptions", {
      groupId,
      url: receiver.url,
      eventTypes: ["payments.invoice.paid", REFUSED],
    });
    await client.post(
      "/v1/events",
      ANSWERS.map((n) => ({ type: "payments.invoice.paid", data: { n } })),
    );
    await vi.waitUntil(() => receiver.requests.length >= ANSWERS.length, { timeout: 180_000, interval: 500 });
  }, 500_000);
  afterAll(async () => {
    await client?.close();
    await chromium?.close();
    await receiver?.close();
    await service?.remove();
  });

  it("have no fault of accessibility and no sideways scrolling", async () => {
    const { page, complaints } = await logInAs(chromium, service, "operator");
    await page.getByRole("table", { name: "Deliveries" }).waitFor();
    await checkedEverywhere(page, "deliveries");
    await page.getByLabel("Select all rows of this page").check();
    await page.getByText(/More filters/).click();
    await checkedEverywhere(page, "deliveries-selected");
    await page.getByRole("button", { name: "Resend", exact: true }).click();
    await page.getByRole("alertdialog").waitFor();
    await checkedEverywhere(page, "deliveries-dialog");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Account" }).click();
    await page.getByRole("heading", { name: "This session" }).waitFor();
    await checkedEverywhere(page, "account");
    await page.goto(`${service.url}/portal/nowhere/at/all`);
    await page.getByRole("heading", { name: "Not found, or not yours" }).waitFor();
    await checkedEverywhere(page, "not-found");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("draw 100 rows with what they need, and of a live change only its row; nothing grows meanwhile", async () => {
    const events = Array.from({ length: ROWS }, (_, n) => ({ type: REFUSED, data: { n } }));
    await client.post("/v1/events", events);
    const query = `eventType=${REFUSED}&status=parked`;
    const counted = async () => (await client.get<{ count: number }>(`/v1/deliveries/count?${query}`)).body.count;
    await vi.waitUntil(async () => (await counted()) === ROWS, { timeout: 180_000, interval: 500 });
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/account" });
    const { page } = visitor;
    // The portal asks for pages of 50. The service answers with as many as are asked for.
    await page.route(
      ({ pathname }) => pathname === "/v1/deliveries",
      (route) => route.continue({ url: route.request().url().replace("limit=50", `limit=${ROWS}`) }),
    );
    await watchCost(page, ROWS);
    await page.goto(`${service.url}/portal/deliveries?type=${REFUSED}&status=parked`);
    const ms = await usableAfter(page, "/v1/deliveries");
    process.stdout.write(`${ROWS} rows could be used ${Math.round(ms)} ms after the API answered.\n`);
    await expect.poll(() => page.getByRole("cell", { name: "Acme Bank" }).count(), WITHIN).toBe(ROWS);
    // Each row once, and once more for each of the two lists of names that come after it.
    expect((await drawnRows(page)).drawn).toBeLessThanOrEqual(3 * ROWS);
    const nodes = await page.locator("tbody").evaluate((body) => body.querySelectorAll("*").length);
    expect(nodes / ROWS).toBeLessThanOrEqual(MOST_ELEMENTS);

    const addresses = await page
      .locator("[data-row-link]")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
    const ids = addresses.map((address) => decodeURIComponent(address.replace(/^.*\/|\?.*$/g, "")));
    await client.post(`/v1/deliveries/${ids[7]}/resend`, {});
    const attempts = page.locator("tbody tr").nth(7).getByRole("cell", { name: "2", exact: true });
    await expect.poll(() => attempts.count(), WITHIN).toBe(1);
    expect((await drawnRows(page)).rows).toEqual([addresses[7]]);

    const protocol = await page.context().newCDPSession(page);
    await pushChanges(page, ids, CHANGES / 5);
    const states = [await kept(protocol)];
    for (let part = 0; part < PARTS; part++) {
      await pushChanges(page, ids, CHANGES / PARTS);
      states.push(await kept(protocol));
    }
    process.stdout.write(`Heap in KiB: ${states.map(({ bytes }) => Math.round(bytes / 1024)).join()}.\n`);
    const leastGrowth = (of: "bytes" | "nodes") =>
      Math.min(...states.slice(1).map((state, part) => state[of] - (states[part]?.[of] ?? 0)));
    expect(leastGrowth("nodes")).toBeLessThanOrEqual(ROWS);
    expect(leastGrowth("bytes")).toBeLessThanOrEqual(SLACK_BYTES);
    expect((await drawnRows(page)).drawn).toBeGreaterThan(CHANGES / 10);
    await closed(visitor);
  });
});
