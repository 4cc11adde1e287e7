/**
 * A failure and its recovery in real browsers. 200 events are refused, and the receiver is mended. The wide recovery
 * waits for a second person, is paused and goes on. What the receiver got is what was counted.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { keysOf } from "./by-keys.js";
import { checked, checkedEverywhere, logInAs, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-recoveries.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const LOST = 200;
const ABOVE = 100;

describe.skipIf(!there)("recoveries", { timeout: 400_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;
  let subscriptionId: string;
  /** What the receiver answers now. */
  let answer = 422;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: () => ({ status: answer }) });
    service = await startService({ env: { SEALPOST_DEMO: "1", RECOVERY_RELEASE_ABOVE: String(ABOVE) } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    await client.post("/v1/event-types", { name: "payments.invoice.paid", apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    subscriptionId = await made("/v1/subscriptions", {
      groupId,
      name: "Acme ledger",
      url: receiver.url,
      eventTypes: ["payments.invoice.paid"],
    });
    await client.post(
      "/v1/events",
      Array.from({ length: LOST }, (_, n) => ({ type: "payments.invoice.paid", data: { n } })),
    );
    const parked = async () =>
      (await client.get<{ count: number }>("/v1/deliveries/count?status=parked")).body.count === LOST;
    await vi.waitUntil(parked, { timeout: 180_000, interval: 500 });
  }, 500_000);
  afterAll(async () => {
    await client?.close();
    await chromium?.close();
    await receiver?.close();
    await service?.remove();
  });

  const text = async (page: Page): Promise<string> => (await page.textContent("main")) ?? "";
  const got = (): number => new Set(receiver.requests.map(({ headers }) => headers["webhook-id"])).size;

  it("an outage is recovered by two people, and the count is the receiver's", async () => {
    const operator = await logInAs(chromium, service, "operator", { path: "/portal/recoveries" });
    const { page } = operator;
    const keys = keysOf(page);
    await keys.begin();
    await page.getByText("Nothing was recovered yet").waitFor();
    await keys.press(page.getByRole("link", { name: "New recovery" }));
    await page.getByText("Choose a window of at most 30 days first").waitFor();
    await keys.choose(page.getByLabel("Window"), "Last hour");
    await page.getByText(`${LOST} deliveries match (${LOST} parked)`).waitFor();
    await page.getByText("It waits until a second person releases it").waitFor();
    await checked(page, "recovery-new");
    answer = 204;
    receiver.requests.length = 0;
    await keys.write(page.getByLabel("Reason, for the audit"), "outage of Acme Bank is over");
    await keys.press(page.getByRole("button", { name: `Ask a second person to release ${LOST}` }));
    await page.getByText("You asked for it, so another person has to decide.").waitFor();
    expect(await page.getByRole("button", { name: "Release" }).count()).toBe(0);
    await checked(page, "recovery-waiting");
    expect(receiver.requests).toHaveLength(0);

    const admin = await logInAs(chromium, service, "admin", { path: "/portal" });
    const theirs = keysOf(admin.page);
    await theirs.begin();
    await theirs.press(admin.page.getByRole("link", { name: "Recoveries that wait for a second person" }));
    await admin.page.getByRole("heading", { name: "Recoveries to release" }).waitFor();
    await theirs.press(admin.page.getByRole("button", { name: "Release", exact: true }));
    await theirs.press(admin.page.getByRole("button", { name: `Release ${LOST}` }));
    await expect.poll(() => admin.page.getByRole("heading", { name: "Recoveries to release" }).count(), WITHIN).toBe(0);

    await keys.press(page.getByRole("button", { name: "Pause" }));
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await page.getByText("Paused", { exact: true }).waitFor();
    // The focus is on what undoes the pause, and not on what cancels all.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent), WITHIN).toBe("Go on");
    // What was handed over before the pause goes out. Then nothing moves any more.
    const settled = async () => /Handed over, without a result yet0(?!\d)/.test(await text(page));
    await expect.poll(settled, WITHIN).toBe(true);
    const before = got();
    expect(before).toBeLessThan(LOST);
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await page.getByText("Done", { exact: true }).waitFor({ timeout: 120_000 });
    expect(got()).toBe(LOST);
    expect(receiver.requests).toHaveLength(LOST);
    expect(await text(page)).toContain(`${LOST} of ${LOST} sent`);
    // Who did what is read after the end, not told by every step of it.
    const history = page.getByRole("region", { name: "Who did something with it" });
    await expect.poll(() => history.getByRole("listitem").count(), WITHIN).toBe(4);
    expect(await history.innerText()).toMatch(/resumed by[^]*paused by[^]*released by[^]*asked for by/);
    await checkedEverywhere(page, "recovery-done");
    await keys.press(page.getByRole("link", { name: "Recoveries", exact: true }));
    await page.getByRole("cell", { name: `${LOST} of ${LOST} sent` }).waitFor();
    await checkedEverywhere(page, "recoveries");
    expect([...operator.complaints, ...admin.complaints]).toEqual([]);
    await admin.page.context().close();
    await page.context().close();
  });

  it("an endpoint gets what it never had, from its own page", async () => {
    // The endpoint did not ask for these events when they were dispatched. One that did tells that they were: with a
    // rate limit, nothing leaves before the dispatch.
    const witness = await startReceiver();
    await client.post("/v1/event-types", {
      name: "payments.invoice.failed",
      apiId: (await client.get<{ data: { id: string; name: string }[] }>("/v1/apis")).body.data.find(
        ({ name }) => name === "payments",
      )?.id,
    });
    const { groupId } = (await client.get<{ groupId: string }>(`/v1/subscriptions/${subscriptionId}`)).body;
    await client.post("/v1/subscriptions", {
      groupId,
      url: witness.url,
      eventTypes: ["payments.invoice.failed"],
      rateLimit: { perSecond: 50, burst: 50 },
    });
    await client.post(
      "/v1/events",
      Array.from({ length: 3 }, (_, n) => ({ type: "payments.invoice.failed", data: { n } })),
    );
    await vi.waitUntil(() => witness.requests.length === 3, { ...WITHIN, interval: 100 });
    await witness.close();
    await client.patch(`/v1/subscriptions/${subscriptionId}`, {
      eventTypes: ["payments.invoice.paid", "payments.invoice.failed"],
    });
    const { page, complaints } = await logInAs(chromium, service, "operator", {
      path: `/portal/subscriptions/${subscriptionId}`,
    });
    await page.getByRole("link", { name: "Recover", exact: true }).click();
    await page.getByText("Nothing that matches can be sent again.").waitFor();
    await page.getByLabel("What to send").selectOption("Events that it never got");
    await page.getByText("3 events have no delivery here and should have one.").waitFor();
    receiver.requests.length = 0;
    await page.getByRole("button", { name: "Send 3 to Acme ledger" }).click();
    await page.getByText("Done", { exact: true }).waitFor({ timeout: 120_000 });
    expect(got()).toBe(3);
    await page.getByRole("link", { name: "Recoveries", exact: true }).click();
    const table = page.getByRole("table", { name: "Recoveries" });
    const ofEndpoint = table.getByRole("link", { name: /Acme ledger/ });
    await ofEndpoint.waitFor();
    await page.getByRole("combobox", { name: "Shown api" }).selectOption("Demo");
    await expect.poll(() => ofEndpoint.count(), WITHIN).toBe(0);
    // It is of every group and of every event type, so it is listed for each api.
    await table.getByRole("link", { name: /every group/ }).waitFor();
    await page.getByRole("combobox", { name: "Shown api" }).selectOption("payments");
    await ofEndpoint.waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
