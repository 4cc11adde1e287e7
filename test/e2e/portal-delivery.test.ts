/** The way of a consumer's developer in a real browser: the webhook did not come, why, mended, resent, compared. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { keysOf } from "./by-keys.js";
import { checked, checkedEverywhere, closed, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-delivery.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const TYPE = "ledger.entry.booked";
/** Another party's text: mark-up, a script, and a character that turns the following ones around. */
const REFUSAL = '<script>document.title = "taken over"</script>\n<b>unknown currency</b> \u202eXXX';

describe.skipIf(!there)("a delivery that was refused", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;
  let deliveryId: string;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: () => ({ status: 422, body: REFUSAL }) });
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const { body: groups } = await client.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const group = groups.data[0];
    if (!group) throw new Error("The trial has no group.");
    const apiId = await made("/v1/apis", { name: "ledger" });
    await client.post("/v1/event-types", { name: TYPE, apiId });
    await client.patch(`/v1/groups/${group.id}`, { grants: [...group.grants, apiId] });
    const subscriptionId = await made("/v1/subscriptions", {
      groupId: group.id,
      url: receiver.url,
      eventTypes: [TYPE],
    });
    await client.post("/v1/subscriptions", {
      groupId: group.id,
      url: `${receiver.url}/large`,
      eventTypes: [TYPE],
      filter: "data.amount > 5000",
    });
    const eventId = await made("/v1/events", {
      type: TYPE,
      data: { amount: 1250, note: "<img src=x onerror=alert(1)>" },
    });
    deliveryId = `${eventId}.${subscriptionId}`;
    await vi.waitFor(async () => expect(await statusOf()).toBe("parked"), WITHIN);
  }, 300_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  const statusOf = async (): Promise<string | undefined> =>
    (await client.get<{ status?: string }>(`/v1/deliveries/${deliveryId}`)).body.status;
  const open = (person: string, options = {}) =>
    logInAs(chromium, service, person, { path: `/portal/deliveries/${encodeURIComponent(deliveryId)}`, ...options });
  const refused = (page: Page) => page.getByText("The endpoint refused the event").first();

  it("is read by axe without a violation", async () => {
    const { page, complaints } = await open("consumer");
    await refused(page).waitFor();
    await page.getByText("unknown currency").first().waitFor();
    await checkedEverywhere(page, "delivery");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("shows the answer as text: no mark-up is alive, and a hidden character has a name", async () => {
    const { page } = await open("consumer");
    const body = page.getByRole("region", { name: "Body of the answer to attempt 1" });
    await body.waitFor();
    expect(await body.textContent()).toContain("<script>document.title");
    expect(await body.textContent()).toContain("U+202E");
    expect(await page.locator("main b, main img, main script").count()).toBe(0);
    expect(await page.title()).not.toBe("taken over");
    await page.context().close();
  });

  it("says why and what to do, is mended, resent and delivered, and both attempts are compared", async () => {
    const { page, complaints } = await open("consumer", { permissions: ["clipboard-read", "clipboard-write"] });
    const keys = keysOf(page);
    await keys.begin();
    await refused(page).waitFor();
    expect(await page.getByText("This lies on the side of the endpoint.").count()).toBe(1);
    await page.getByText("What to do:", { exact: false }).waitFor();

    await keys.press(page.getByRole("button", { name: "Copy as curl" }));
    await page.getByText("Copied.").waitFor();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    expect(curl).toContain(`curl --request POST '${receiver.url}'`);
    expect(curl).toContain('--data-binary \'{"amount":1250,');

    await keys.press(page.getByRole("button", { name: "Check the signature" }));
    await page.getByText("It can be made again from the payload and the key.").waitFor();

    receiver.respond = () => ({ status: 204 });
    await keys.press(page.getByRole("button", { name: "Resend", exact: true }));
    const question = page.getByRole("alertdialog", { name: "Resend this delivery" });
    await picture(page, "delivery-resend");
    await keys.press(question.getByRole("button", { name: /^Resend to / }));
    await page.getByText("The endpoint accepted the event at attempt 2.").waitFor();
    expect(await statusOf()).toBe("delivered");
    const history = page.getByRole("region", { name: "Who did something with it" });
    await history.getByText(/sent again by/).waitFor();
    await history.getByText("(Consumer)").waitFor();

    await keys.press(page.getByRole("button", { name: "Compare two attempts" }));
    const compared = page.getByRole("region", { name: "Two attempts" });
    await compared.getByRole("row", { name: /HTTP status/ }).waitFor();
    expect(await compared.getByRole("row", { name: /HTTP status/ }).textContent()).toMatch(/differs.*422.*204/);
    await picture(page, "delivery-compare");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("has the payload as text, as sent and as bytes, and finds in it", async () => {
    const { page } = await open("consumer");
    const payload = page.getByRole("region", { name: "Text of the payload" });
    await payload.getByText('"amount": 1250,').waitFor();
    await page.getByRole("radio", { name: "Bytes" }).check();
    await payload.getByText("000000", { exact: false }).first().waitFor();
    await page.getByRole("radio", { name: "Readable" }).check();
    await page.getByRole("searchbox", { name: "Find in the payload" }).fill("onerror");
    await page.getByText("1 of 1").waitFor();
    await page.context().close();
  });

  it("leads to the event, which says who got it and why another endpoint did not", async () => {
    const { page, complaints } = await open("consumer");
    await page.getByRole("link", { name: "Who got this event, and why others did not" }).click();
    const table = page.getByRole("table", { name: "Who got this event, and why others did not" });
    await table.getByText("The filter of the subscription left the event out.").waitFor();
    expect(await table.getByText("A delivery was made.").count()).toBe(1);
    expect(await table.getByText("data.amount > 5000").count()).toBe(0);
    await page.getByRole("button", { name: "Show the filters, and what the event has" }).click();
    const left = table.getByRole("row", { name: /left the event out/ });
    await left.getByText("data.amount > 5000").waitFor();
    expect(await left.getByRole("definition").allTextContents()).toEqual(["data.amount > 5000", "1250"]);
    await checkedEverywhere(page, "event-consumer");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(["subscriptions/sub_", "deliveries/evt_", "events/evt_", "recoveries/rec_"])(
    "says of what is not there that it may be another group's: %s",
    async (begin) => {
      const path = `/portal/${begin}${"0".repeat(26)}`;
      const visitor = await logInAs(chromium, service, "consumer", { path });
      await visitor.page.getByText("Not found, or not yours").first().waitFor();
      expect(visitor.complaints.splice(0).every((text) => text.includes("404"))).toBe(true);
      await closed(visitor);
    },
  );

  it("lists events for a provider, and the filter stands in the address", async () => {
    const { page, complaints } = await logInAs(chromium, service, "operator", { path: `/portal/events?type=${TYPE}` });
    await page.getByRole("table", { name: "Events" }).getByRole("link").first().waitFor();
    expect(await page.getByRole("combobox", { name: "Event type" }).inputValue()).toBe(TYPE);
    await checked(page, "events");
    await page.getByRole("table", { name: "Events" }).getByRole("link").first().click();
    await page.getByText("SHA-256").waitFor();
    await picture(page, "event-operator");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each(["count", "export"])("leads to the event %s, whose name a route of the API has too", async (id) => {
    await client.post("/v1/events", { id, type: TYPE, data: { any: 1 } });
    const { page, complaints } = await logInAs(chromium, service, "operator", { path: `/portal/events?type=${TYPE}` });
    await page.getByRole("table", { name: "Events" }).getByRole("link", { name: id, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: id }).waitFor();
    const type = page.getByRole("region", { name: "Facts" }).getByText(TYPE, { exact: true });
    await type.waitFor();
    await page.reload();
    await type.waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("has its content erased by a provider by keys alone, once the id was typed", async () => {
    const eventId = deliveryId.split(".sub_")[0] ?? "";
    const path = `/portal/events/${encodeURIComponent(eventId)}`;
    const { page, complaints } = await logInAs(chromium, service, "admin", { path });
    const keys = keysOf(page);
    await keys.begin();
    await keys.press(page.getByRole("button", { name: "Erase the content" }));
    const dialog = page.getByRole("alertdialog", { name: "Erase the content of this event" });
    expect(await dialog.getByRole("button", { name: "Erase it for good" }).isDisabled()).toBe(true);
    await keys.write(dialog.getByLabel(`Type ${eventId} to go on`), eventId);
    await checkedEverywhere(page, "event-erase");
    await keys.press(dialog.getByRole("button", { name: "Erase it for good" }));
    await page.getByRole("region", { name: "Facts" }).getByText("erased").waitFor();
    expect(await page.getByRole("button", { name: "Erase the content" }).count()).toBe(0);
    expect((await client.get<{ expungedAt?: string }>(`/v1/events/${eventId}`)).body.expungedAt).toBeDefined();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
