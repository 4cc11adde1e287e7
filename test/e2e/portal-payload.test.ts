/** Payloads that their schema does not allow, and test events, in a real browser at the real service. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checked, checkedEverywhere, closed, isInSight, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-payload.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const TYPE = "ledger.entry.booked";
const SCHEMA = {
  type: "object",
  properties: {
    amount: { type: "number" },
    lines: { type: "array", items: { type: "object", required: ["account"] } },
  },
};
const EXAMPLE = { amount: 12, lines: [{ account: "4711" }] };
const WRONG = { amount: "a lot", lines: [...Array.from({ length: 600 }, () => ({ account: "4711" })), { text: "x" }] };
/** Of the last line, in the readable text. */
const LAST_LINE = 1_804;

describe.skipIf(!there)("payloads and their schema", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;
  let subscriptionId: string;
  let wrongId: string;

  beforeAll(async () => {
    receiver = await startReceiver();
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const { body: groups } = await client.get<{ data: { id: string }[] }>("/v1/groups");
    const group = groups.data[0];
    if (!group) throw new Error("The trial has no group.");
    // The provider of the trial has this api alone.
    const { body: apis } = await client.get<{ data: { id: string; name: string }[] }>("/v1/apis");
    const apiId = apis.data.find(({ name }) => name === "Demo")?.id;
    await client.post("/v1/event-types", { name: TYPE, apiId, schema: SCHEMA, examples: [EXAMPLE] });
    const subscription = { groupId: group.id, name: "Journal", url: receiver.url, eventTypes: [TYPE] };
    subscriptionId = await made("/v1/subscriptions", subscription);
    wrongId = await made("/v1/events", { type: TYPE, data: WRONG });
    await delivered(wrongId);
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  const delivered = (eventId: string) =>
    vi.waitFor(async () => {
      const { body } = await client.get<{ status?: string }>(`/v1/deliveries/${eventId}.${subscriptionId}`);
      expect(body.status).toBe("delivered");
    }, WITHIN);
  const deliveryOf = (eventId: string) => `/portal/deliveries/${encodeURIComponent(`${eventId}.${subscriptionId}`)}`;

  it("are marked at the faulty lines, and each fault leads to its line", async () => {
    const visitor = await logInAs(chromium, service, "consumer", { path: deliveryOf(wrongId) });
    const { page } = visitor;
    const faults = page.getByRole("region", { name: "What the schema does not allow" });
    await faults.getByText(`2 places are not as the schema of ${TYPE}, version 1 says.`).waitFor();
    const payload = page.getByRole("region", { name: "Text of the payload" });
    const first = payload
      .locator("div > div > div")
      .filter({ hasText: /^ *"amount": "a lot", *\/amount must be number$/ });
    await first.waitFor();
    const last = `/lines/600 must have required property 'account'`;
    expect(await payload.getByText(last).count(), "far below, and not drawn yet").toBe(0);
    await checkedEverywhere(page, "payload-faults");
    await faults.getByRole("link", { name: `Line ${LAST_LINE}` }).press("Enter");
    await payload.getByText(last).waitFor();
    await expect.poll(() => isInSight(payload.getByText(last))).toBe(true);
    await expect.poll(() => payload.evaluate((region) => region === document.activeElement)).toBe(true);
    await payload.evaluate((region) => region.scrollTo(0, 0));
    await expect.poll(() => payload.getByText(last).count()).toBe(0);
    await faults.getByRole("link", { name: `Line ${LAST_LINE}` }).press("Enter");
    await payload.getByText(last).waitFor();
    await picture(page, "payload-fault-line");
    await page.getByRole("radio", { name: "Bytes" }).check();
    await expect.poll(() => faults.count(), { message: "bytes have no lines" }).toBe(0);
    await page.getByRole("radio", { name: "As sent" }).check();
    await faults.getByRole("link", { name: "Line 1", exact: true }).waitFor();
    await closed(visitor);
  });

  it("stand on the page of the event too, for those who may read them, until they are erased", async () => {
    const visitor = await logInAs(chromium, service, "provider", { path: `/portal/events/${wrongId}` });
    const { page } = visitor;
    const faults = page.getByRole("region", { name: "What the schema does not allow" });
    await faults.getByRole("link", { name: `Line ${LAST_LINE}` }).click();
    const payload = page.getByRole("region", { name: "Text of the payload" });
    await expect.poll(() => isInSight(payload.getByText("/lines/600 must have required")), WITHIN).toBe(true);
    await checkedEverywhere(page, "event-payload");
    const gone = String((await client.post<{ id: string }>("/v1/events", { type: TYPE, data: EXAMPLE })).body.id);
    await delivered(gone);
    await page.goto(`${service.url}/portal/events/${gone}`);
    await payload.getByText('"account": "4711"').waitFor();
    expect((await client.delete(`/v1/events/${gone}`)).status).toBe(204);
    await page.reload();
    await page.getByText("The content is not shown in your role, or was erased.").waitFor();
    expect(await page.getByText("4711").count()).toBe(0);
    await closed(visitor);
  });

  it("a provider publishes a test event from the page of an event, once it is confirmed", async () => {
    const visitor = await logInAs(chromium, service, "provider", { path: `/portal/events/${wrongId}` });
    const { page } = visitor;
    expect((await client.patch(`/v1/event-types/${TYPE}`, { validation: "enforce" })).status).toBe(200);
    await page.getByRole("button", { name: "Publish a test event" }).click();
    const dialog = page.getByRole("alertdialog", { name: "Publish a test event" });
    await dialog.getByText("One endpoint in service takes the type.").waitFor();
    await dialog.getByText("Journal", { exact: true }).waitFor();
    const payload = dialog.getByLabel("Payload, as JSON");
    expect(JSON.parse(await payload.inputValue())).toEqual(EXAMPLE);
    await checkedEverywhere(page, "event-test");

    // Text of several lines, with a number that a browser would round.
    const broken = `{\n  "amount": "x",\n  "lines": []\n}`;
    await payload.fill("{");
    expect(await dialog.getByRole("button", { name: "Publish it now" }).isDisabled()).toBe(true);
    await payload.fill(broken);
    await dialog.getByRole("button", { name: "Publish it now" }).click();
    await dialog.getByRole("link", { name: "Line 2" }).click();
    const selected = await payload.evaluate((field: HTMLTextAreaElement) =>
      field.value.slice(field.selectionStart, field.selectionEnd),
    );
    expect(selected).toBe('  "amount": "x",');
    await checked(page, "event-test-refused");
    const sent = `{"amount": 12345678901234567890}`;
    await payload.fill(sent);
    await dialog.getByRole("button", { name: "Publish it now" }).click();
    const done = page.getByRole("dialog", { name: "Publish a test event" });
    await done.getByRole("status").filter({ hasText: "was accepted" }).waitFor();
    await checked(page, "event-test-done");
    await done.getByRole("link", { name: "Open the event" }).click();
    await page.waitForURL(/\/portal\/events\/test-/);
    const id = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    await delivered(id);
    const arrived = receiver.requests.find(({ headers }) => headers["webhook-id"] === id);
    expect(arrived?.body.toString()).toBe(sent);
    expect(visitor.complaints.splice(0).filter((text) => !text.includes("422"))).toEqual([]);
    await closed(visitor);
  });

  it("is not offered to who may not publish", async () => {
    const visitor = await logInAs(chromium, service, "operator", { path: `/portal/events/${wrongId}` });
    await visitor.page.getByText("SHA-256").waitFor();
    expect(await visitor.page.getByRole("button", { name: "Publish a test event" }).count()).toBe(0);
    await closed(visitor);
  });

  it("a press on a time copies both times", async () => {
    const visitor = await logInAs(chromium, service, "consumer", {
      path: deliveryOf(wrongId),
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const { page } = visitor;
    const time = page
      .getByRole("button")
      .filter({ has: page.locator("time") })
      .first();
    await time.focus();
    await page.getByRole("tooltip").getByText("press to copy both").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Copied.").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/^\d+ \w+ \d{4}, [\d:]{8} UTC\+[12] \(\d+ \w+ \d{4}, [\d:]{8} UTC\)$/);
    const at = Date.parse((await time.locator("time").getAttribute("datetime")) ?? "");
    const [, utc] = /\((.*) UTC\)/.exec(copied) ?? [];
    expect(Math.floor(at / 1_000) * 1_000).toBe(Date.parse(`${utc} UTC`));
    await picture(page, "time-copied");
    await closed(visitor);
  });

  it("from right to left, an English time stays in its order", async () => {
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/account" });
    const { page } = visitor;
    await page.addInitScript(() => {
      localStorage.setItem("sealpost.pseudo", "1");
      document.addEventListener("DOMContentLoaded", () => (document.documentElement.dir = "rtl"));
    });
    await page.goto(`${service.url}${deliveryOf(wrongId)}`);
    const time = page.getByRole("button").locator("time").first();
    await time.waitFor();
    /** Where the day and the zone of a time stand on the screen. */
    const places = await time.evaluate((element) => {
      const text = element.firstChild as Text;
      const leftOf = (from: number, to: number): number => {
        const range = document.createRange();
        range.setStart(text, from);
        range.setEnd(text, to);
        return range.getBoundingClientRect().left;
      };
      const { data } = text;
      return [leftOf(data.search(/\d/), data.search(/\d/) + 1), leftOf(data.indexOf("UTC"), data.indexOf("UTC") + 3)];
    });
    expect(places[0]).toBeLessThan(places[1] ?? 0);
    await checked(page, "delivery-right-to-left");
    await closed(visitor);
  });
});
