/**
 * The columns of lists that a person hides, and the files of what is filtered, in a real browser at the real service.
 */
import { readFileSync } from "node:fs";
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
    "test/e2e/portal-list-files.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const TYPE = "ledger.entry.booked";
const EVENTS = 3;

/**
 * A list and its number of rows in words, a column of it that is hidden, its filter in the address, and the first names
 * of its file.
 */
const LISTS = [
  {
    list: "Deliveries",
    counted: "3 deliveries",
    column: "Attempts",
    query: `?type=${TYPE}`,
    names: "id,eventId,eventType",
    rows: EVENTS,
  },
  { list: "Events", counted: "3 events", column: "Size", query: `?type=${TYPE}`, names: "id,type,apiId", rows: EVENTS },
  {
    list: "Subscriptions",
    counted: "1 subscription",
    column: "Group",
    query: "?q=Journal",
    names: "id,groupId,externalId",
    rows: 1,
  },
  {
    list: "Recoveries",
    counted: "1 recovery",
    column: "Failed again",
    query: "?status=done",
    names: "id,status,mode",
    rows: 1,
  },
  {
    list: "Event types",
    path: "catalogue",
    counted: "1 event type",
    column: "Description",
    query: "?q=ledger",
    names: "name,apiId,description",
    rows: 1,
  },
] as const;

const fileNameOf = (list: string): string => list.toLowerCase().replace(" ", "-");

/** Echoes a challenge, and takes no event. */
function answer(body: Buffer): { status: number; body?: string } {
  const challenge = /"challenge":"([\w-]+)"/.exec(body.toString())?.[1];
  return challenge === undefined ? { status: 422 } : { status: 200, body: challenge };
}

describe.skipIf(!there)("lists", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;
  const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);

  beforeAll(async () => {
    receiver = await startReceiver({ respond: ({ body }) => answer(body) });
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const apiId = await made("/v1/apis", { name: "Ledger" });
    await client.post("/v1/event-types", { name: TYPE, apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    await made("/v1/subscriptions", { groupId, name: "Journal", url: receiver.url, eventTypes: [TYPE] });
    await client.post(
      "/v1/events",
      Array.from({ length: EVENTS }, (_, n) => ({ type: TYPE, data: { n } })),
    );
    const countOf = async (query: string) =>
      (await client.get<{ count: number }>(`/v1/deliveries/count?${query}`)).body.count;
    await vi.waitUntil(async () => (await countOf("status=parked")) === EVENTS, { ...WITHIN, interval: 200 });
    const filter = { groupId, since: new Date(Date.now() - 3_600_000).toISOString() };
    const { body } = await client.post<{ token: string }>("/v1/recoveries/preview", { filter });
    const id = await made("/v1/recoveries", { filter, token: body.token });
    const statusOf = async () => (await client.get<{ status: string }>(`/v1/recoveries/${id}`)).body.status;
    await vi.waitUntil(async () => (await statusOf()) === "done", { ...WITHIN, interval: 200 });
    await vi.waitUntil(async () => (await countOf("status=parked")) === EVENTS, { ...WITHIN, interval: 200 });
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  /** One subscription and one grant that wait for a provider. */
  async function asked(): Promise<void> {
    const apiId = await made("/v1/apis", { name: "Payments", listed: true, approval: "manual" });
    await client.post("/v1/event-types", { name: "payments.sent", apiId });
    const groupId = await made("/v1/groups", { name: "Other Bank", grants: [apiId] });
    const newId = await made("/v1/groups", { name: "New Bank", grants: [] });
    const keyOf = async (group: string) =>
      (await client.post<{ key: string }>("/v1/api-keys", { name: "Acme", role: "consumer", groupId: group })).body.key;
    const consumer = createClient(service.url, await keyOf(groupId));
    const subscription = { groupId, url: receiver.url, eventTypes: ["payments.sent"] };
    const { body } = await consumer.post<{ id: string }>("/v1/subscriptions", subscription);
    for (const step of ["verify", "submit"])
      expect((await consumer.post(`/v1/subscriptions/${body.id}/${step}`, {})).status).toBe(200);
    const other = createClient(service.url, await keyOf(newId));
    expect((await other.post("/v1/grant-requests", { grant: apiId })).status).toBe(201);
    await Promise.all([consumer.close(), other.close()]);
  }

  /** What the browser saves when this is chosen. */
  async function fileOf(page: Page, format: string, button = "Export"): Promise<{ name: string; lines: string[] }> {
    await page.locator("summary").filter({ hasText: button }).click();
    const saved = page.waitForEvent("download");
    await page.getByRole("link", { name: format }).click();
    const file = await saved;
    const lines = readFileSync(await file.path(), "utf8")
      .trimEnd()
      .split(/\r?\n/);
    await page.keyboard.press("Escape");
    return { name: file.suggestedFilename(), lines };
  }

  it.each(LISTS)("$list: a hidden column stays hidden, and what is filtered is a file", async (each) => {
    const { list, counted, column, query, names, rows } = each;
    const what = fileNameOf(list);
    const path = "path" in each ? each.path : what;
    const visitor = await logInAs(chromium, service, "operator", { path: `/portal/${path}${query}` });
    const { page } = visitor;
    const table = page.getByRole("table", { name: list, exact: true });
    const head = table.getByRole("columnheader", { name: column, exact: true });
    await head.waitFor();
    await page.getByRole("status").getByText(counted, { exact: true }).waitFor();
    await page.locator("summary").filter({ hasText: "Columns" }).click();
    await page.getByRole("checkbox", { name: column, exact: true }).uncheck();
    await expect.poll(() => head.count()).toBe(0);
    await checked(page, `columns-${what}`);
    await page.reload();
    await table.getByRole("link").first().waitFor();
    expect(await head.count()).toBe(0);
    expect(await table.getByRole("columnheader").count()).toBeGreaterThan(2);
    await checkedEverywhere(page, `columns-hidden-${what}`);
    await page.locator("summary").filter({ hasText: "Columns" }).click();
    await page.getByRole("checkbox", { name: column, exact: true }).check();
    await head.waitFor();
    await page.keyboard.press("Escape");

    const csv = await fileOf(page, "As CSV");
    expect(csv.name).toBe(`${what}.csv`);
    expect(csv.lines[0]?.startsWith(`${names},`)).toBe(true);
    expect(csv.lines).toHaveLength(rows + 1);
    const jsonl = await fileOf(page, "As JSON Lines");
    expect(jsonl.name).toBe(`${what}.jsonl`);
    expect(jsonl.lines.map((line) => typeof JSON.parse(line))).toEqual(Array.from({ length: rows }, () => "object"));
    await closed(visitor);
  });

  it("Requests: both lists say how many wait, and each of them is a file", async () => {
    await asked();
    const visitor = await logInAs(chromium, service, "admin", { path: "/portal/requests" });
    const { page } = visitor;
    const waiting = page.getByRole("region", { name: "Subscriptions that wait" });
    await waiting.getByRole("status").getByText("1 subscription", { exact: true }).waitFor();
    const grants = page.getByRole("region", { name: "Grants that were asked for" });
    await grants.getByRole("status").getByText("1 request", { exact: true }).waitFor();
    await checkedEverywhere(page, "requests-counted");
    const subscriptions = await fileOf(page, "As CSV", "Export the subscriptions");
    expect([subscriptions.name, subscriptions.lines.length]).toEqual(["subscriptions.csv", 2]);
    const requests = await fileOf(page, "As JSON Lines", "Export the requests");
    expect([requests.name, requests.lines.length]).toEqual(["grant-requests.jsonl", 1]);
    await grants.getByRole("combobox", { name: "Status" }).selectOption("refused");
    await grants.getByRole("status").getByText("0 requests", { exact: true }).waitFor();
    await closed(visitor);
  });
});
