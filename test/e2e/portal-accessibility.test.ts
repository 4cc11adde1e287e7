/** Every screen of the portal, light and dark, at three widths: no fault that axe finds, and no sideways scrolling. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checkedEverywhere, logInAs } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-accessibility.test.ts is skipped: there is no Chromium here (apt-get install chromium).\n",
  );

/** One of each kind that a list shows. */
const ANSWERS = [204, 422, 503, 204, 400];

describe.skipIf(!there)("the portal's screens", { timeout: 300_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: ({ number }) => ({ status: ANSWERS[number % ANSWERS.length] ?? 204 }) });
    service = await startService();
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    await client.post("/v1/event-types", { name: "payments.invoice.paid", apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    await client.post("/v1/subscriptions", { groupId, url: receiver.url, eventTypes: ["payments.invoice.paid"] });
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
});
