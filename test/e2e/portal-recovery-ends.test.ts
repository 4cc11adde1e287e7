/**
 * How recoveries end in real browsers: refused by the second person, released after something has changed, cancelled in
 * the middle, or never begun because nothing matches.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checked, checkedEverywhere, closed, logInAs, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-recovery-ends.test.ts is skipped: there is no Chromium here (apt-get install chromium).\n",
  );

const TYPE = "payments.invoice.paid";
const LOST = 30;
const SENT_MEANWHILE = 3;

describe.skipIf(!there)("the end of a recovery", { timeout: 400_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;
  let subscriptionId: string;
  /** What the receiver answers now. */
  let answer = 422;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: () => ({ status: answer }) });
    service = await startService({ env: { SEALPOST_DEMO: "1", RECOVERY_RELEASE_ABOVE: "20" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    await client.post("/v1/event-types", { name: TYPE, apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    const body = { groupId, name: "Acme ledger", url: receiver.url, eventTypes: [TYPE] };
    subscriptionId = await made("/v1/subscriptions", body);
    await lose();
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  const parked = async (): Promise<number> =>
    (await client.get<{ count: number }>("/v1/deliveries/count?status=parked")).body.count;
  async function lose(): Promise<void> {
    answer = 422;
    await client.post(
      "/v1/events",
      Array.from({ length: LOST }, (_, n) => ({ type: TYPE, data: { n } })),
    );
    await vi.waitUntil(async () => (await parked()) === LOST, { timeout: 180_000, interval: 500 });
    answer = 204;
  }
  const ask = async (page: Page): Promise<string> => {
    await page.getByRole("button", { name: `Ask a second person to release ${LOST}` }).click();
    await page.getByText("You asked for it, so another person has to decide.").waitFor();
    return new URL(page.url()).pathname;
  };
  const historyOf = (page: Page) => page.getByRole("region", { name: "Who did something with it" });

  it("is a refusal, whose reason the first person reads", async () => {
    const operator = await logInAs(chromium, service, "operator", { path: "/portal/recoveries/new?since=-1h" });
    const path = await ask(operator.page);
    const admin = await logInAs(chromium, service, "admin", { path: "/portal/requests" });
    const { page } = admin;
    await page.getByRole("button", { name: "Refuse", exact: true }).click();
    await page.getByLabel("Reason, for whoever asked for it").fill("They asked us to wait until Monday");
    await checkedEverywhere(page, "recovery-refusing");
    await page.getByRole("alertdialog").getByRole("button", { name: "Refuse" }).click();
    await expect.poll(() => page.getByRole("heading", { name: "Recoveries to release" }).count(), WITHIN).toBe(0);

    await operator.page.getByText("Refused", { exact: true }).waitFor();
    await historyOf(operator.page).getByText("They asked us to wait until Monday").waitFor();
    expect(await historyOf(operator.page).innerText()).toMatch(/refused by[^]*asked for by/);
    expect(receiver.requests).toHaveLength(LOST);
    await page.goto(`${service.url}${path}`);
    await page.getByRole("link", { name: "Repeat" }).waitFor();
    await Promise.all([closed(operator), closed(admin)]);
  });

  it("is told in full when some of it was sent by others, which the second person sees before", async () => {
    const operator = await logInAs(chromium, service, "operator", { path: "/portal/recoveries/new?since=-1h" });
    const path = await ask(operator.page);
    const list = `/v1/deliveries?status=parked&limit=${SENT_MEANWHILE}`;
    const { data } = (await client.get<{ data: { id: string }[] }>(list)).body;
    for (const { id } of data) await client.post(`/v1/deliveries/${id}/resend`);
    await vi.waitUntil(async () => (await parked()) === LOST - SENT_MEANWHILE, { timeout: 60_000, interval: 200 });

    const admin = await logInAs(chromium, service, "admin", { path });
    const { page } = admin;
    await page.getByRole("button", { name: "Release", exact: true }).click();
    const now = page.getByRole("region", { name: "What it would send now" });
    await now.getByText(`Acme ledger: ${LOST - SENT_MEANWHILE}`).waitFor();
    await now.getByText(`${LOST} were counted when it was asked for.`).waitFor();
    await checkedEverywhere(page, "recovery-releasing");
    await page.getByRole("button", { name: `Release ${LOST}` }).click();

    const left = operator.page.getByRole("region", { name: "Not sent" });
    await left.getByText(`${SENT_MEANWHILE}: It did not match any more when its turn came.`).waitFor();
    await operator.page.getByText(`${LOST - SENT_MEANWHILE} of ${LOST} sent`).waitFor();
    await checked(operator.page, "recovery-done-in-part");
    await Promise.all([closed(operator), closed(admin)]);
  });

  it("in the middle says how many were not sent, and that they can be recovered later", async () => {
    await lose();
    const path = `/portal/recoveries/new?since=-1h&subscription=${subscriptionId}`;
    const visitor = await logInAs(chromium, service, "operator", { path });
    const { page } = visitor;
    await page.getByLabel("At most per second, for each endpoint").fill("1");
    await page.getByRole("button", { name: `Send ${LOST} again to Acme ledger` }).click();
    await page.getByText(/^[1-9]\d* of 30 sent$/).waitFor();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByText("The rest is not sent. It stays as it is, and can be recovered later.").waitFor();
    await page.getByRole("button", { name: "Cancel the recovery" }).click();
    await page.getByText("Cancelled", { exact: true }).waitFor();
    const id = page.url().match(/rec_\w+/)?.[0] ?? "";
    const sent = async () =>
      (await client.get<{ progress: { sent: number } }>(`/v1/recoveries/${id}`)).body.progress.sent;
    const told = page.getByText(/^\d+ deliveries were not sent\. They stay as they are, and can be recovered later\./);
    await expect.poll(async () => parseInt(await told.innerText()) + (await sent()), WITHIN).toBe(LOST);
    expect(await sent()).toBeLessThan(LOST);
    await checked(page, "recovery-cancelled");
    // What was handed over goes on. Until it is delivered, it would be counted again.
    await vi.waitUntil(async () => (await parked()) === LOST - (await sent()), { timeout: 60_000, interval: 200 });
    await page.getByRole("link", { name: "Repeat" }).click();
    await page.getByRole("button", { name: `Send ${LOST - (await sent())} again to Acme ledger` }).waitFor();
    await closed(visitor);
  });

  it("is no beginning where nothing matches, or where the window is too long", async () => {
    const path = `/portal/recoveries/new?since=-1h&status=cancelled&subscription=${subscriptionId}`;
    const visitor = await logInAs(chromium, service, "operator", { path });
    const { page } = visitor;
    await page.getByText("Nothing that matches can be sent again.").waitFor();
    expect(await page.getByRole("button", { name: /^Send/ }).count()).toBe(0);
    expect(await page.getByLabel("Reason, for the audit").count()).toBe(0);
    // The service is not asked about it, so the browser has nothing to complain of.
    const window = "since=2026-01-01T00:00:00.000Z&until=2026-03-01T00:00:00.000Z";
    await page.goto(`${service.url}/portal/recoveries/new?${window}`);
    await page.getByText("This window is longer than 30 days. Choose a shorter one").waitFor();
    expect(await page.getByText("`since`").count()).toBe(0);
    await checked(page, "recovery-window-too-long");
    await closed(visitor);
  });
});
