/**
 * Pages that are looked at while somebody else changes what they show, in a real browser. Nothing in these pages asks
 * by the clock, so what is seen came by the stream.
 */
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Service, startService } from "../support/service.js";
import { checked, checkedEverywhere, closed, logInAs, type Visitor, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-live-pages.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

/** So often pages ask by themselves. */
const ASK_EVERY_MS = 15_000;
const TYPES = ["ledger.entry.booked", "ledger.entry.reversed"] as const;
const OVERTAKEN = "Somebody else has changed this subscription meanwhile";

describe.skipIf(!there)("while somebody else changes it", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let groupId: string;

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const { body: groups } = await client.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const group = groups.data[0];
    if (!group) throw new Error("The trial has no group.");
    groupId = group.id;
    const { body: api } = await client.post<{ id: string }>("/v1/apis", { name: "ledger" });
    for (const name of TYPES) await client.post("/v1/event-types", { name, apiId: api.id });
    await client.patch(`/v1/groups/${groupId}`, { grants: [...group.grants, api.id] });
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
  });

  const make = async (name: string): Promise<string> => {
    const made = { groupId, name, url: "http://127.0.0.1:9/hook", eventTypes: [TYPES[0]] };
    const { status, body } = await client.post<{ id: string }>("/v1/subscriptions", made);
    expect(status).toBe(201);
    return body.id;
  };
  const change = async (id: string, body: object): Promise<void> => {
    expect((await client.patch(`/v1/subscriptions/${id}`, body)).status).toBe(200);
  };
  /** From the next load on, the page asks nothing by the clock. */
  const withoutClock = (page: Page): Promise<unknown> =>
    page.addInitScript((every) => {
      const begin = window.setInterval.bind(window);
      window.setInterval = ((act: TimerHandler, ms?: number) => (ms === every ? 0 : begin(act, ms))) as never;
    }, ASK_EVERY_MS);
  /** What the page asks by itself, without its person. */
  const isLook = (request: Request): boolean =>
    new URL(request.url()).pathname === "/v1/subscriptions" && "sealpost-background" in request.headers();
  const watching = async (person: string, path: string, reads: string): Promise<Visitor> => {
    const visitor = await logInAs(chromium, service, person, { path: "/portal/account" });
    const { page } = visitor;
    let answers = 0;
    page.on("response", (each) => void (answers += Number(each.url().endsWith(reads))));
    await withoutClock(page);
    const stream = page.waitForResponse((each) => each.url().includes("/v1/stream?events=subscription"));
    await page.goto(`${service.url}/portal${path}`);
    await stream;
    // Once when the page was opened, and once after the greeting. On a busy machine the page may find the first answer
    // old already and ask once more. What is asked from here on is because of a change.
    await expect.poll(() => answers, WITHIN).toBeGreaterThanOrEqual(2);
    return visitor;
  };
  const titled = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const isFocused = (page: Page, id: string) => page.evaluate((name) => document.activeElement?.id === name, id);

  it("the settings of a subscription show it, and keep what is typed, the focus and the place", async () => {
    const id = await make("Journal");
    const visitor = await watching("consumer", `/subscriptions/${id}?tab=settings`, `/v1/subscriptions/${id}`);
    const { page } = visitor;
    const description = page.locator("#settings-description");
    await description.click();
    await page.keyboard.type("typed ");
    await page.evaluate(() => window.scrollBy(0, 150));
    const place = async () => (await description.boundingBox())?.y;
    const before = await place();
    await change(id, { name: "Journal of today", rateLimit: { perSecond: 7, burst: 7 } });
    await titled(page, "Journal of today");
    await page.keyboard.type("by me");
    expect(await description.inputValue()).toBe("typed by me");
    expect(await isFocused(page, "settings-description")).toBe(true);
    expect(Math.abs(((await place()) ?? 0) - (before ?? 0))).toBeLessThan(2);
    await checked(page, "subscription-live-settings");

    // A save over what somebody else has saved is a conflict, and both changes can be kept.
    await page.getByRole("button", { name: "Save the changes" }).click();
    const overtaken = page.getByRole("alert").filter({ hasText: OVERTAKEN });
    await overtaken.getByText("none became 7").first().waitFor();
    await overtaken.getByRole("button", { name: "Keep both" }).click();
    await page.getByRole("button", { name: "Save the changes" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const { body } = await client.get(`/v1/subscriptions/${id}`);
    expect(body).toMatchObject({ name: "Journal of today", description: "typed by me", rateLimit: { perSecond: 7 } });
    expect(visitor.complaints.every((each) => each.includes("412"))).toBe(true);
    visitor.complaints.length = 0;
    await closed(visitor);
  });

  it("the security of a subscription keeps what is typed, and saves over nobody's change", async () => {
    const id = await make("Cash book");
    const visitor = await watching("consumer", `/subscriptions/${id}?tab=security`, `/v1/subscriptions/${id}`);
    const { page } = visitor;
    await page.getByText("Give a certificate with its key, or an authority").click();
    const certificate = page.getByLabel("Your certificate and its intermediates (PEM)");
    await certificate.fill("-----BEGIN CERTIFICATE-----");
    const organization = page.getByLabel("Organization");
    await organization.fill("Acme");
    await page.getByText("Change signatures and authentication").click();
    const form = page.getByRole("form", { name: "Protection" });
    await form.getByRole("combobox").selectOption("basic");
    await form.getByLabel("User name").fill("hooks");
    const password = form.locator("input[type=password]");
    await password.click();
    await page.keyboard.type("half ");
    await change(id, { name: "Cash book of today" });
    await titled(page, "Cash book of today");
    await page.keyboard.type("and half");
    expect(await password.inputValue()).toBe("half and half");

    await change(id, { name: "Cash book of now", signing: { schemes: ["v1", "v1a"] } });
    await titled(page, "Cash book of now");
    expect(await password.inputValue()).toBe("half and half");
    const save = form.getByRole("button", { name: "Save the changes" });
    await save.click();
    const overtaken = form.getByRole("alert").filter({ hasText: OVERTAKEN });
    await overtaken.getByText("Signatures: v1 became v1, v1a").waitFor();
    await checkedEverywhere(page, "subscription-security-overtaken");
    await overtaken.getByRole("button", { name: "Keep both" }).click();
    await save.click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const { body } = await client.get(`/v1/subscriptions/${id}`);
    expect(body).toMatchObject({ signing: { schemes: ["v1", "v1a"] }, auth: { type: "basic", username: "hooks" } });
    expect(await certificate.inputValue()).toBe("-----BEGIN CERTIFICATE-----");
    expect(await organization.inputValue()).toBe("Acme");
    expect(visitor.complaints.every((each) => each.includes("412"))).toBe(true);
    visitor.complaints.length = 0;
    await closed(visitor);
  });

  it("the requests show what is asked for, and let go what was decided", async () => {
    const id = await make("Archive");
    const consumer = { name: "asks", role: "consumer", groupId };
    const { body: asks } = await client.post<{ key: string }>("/v1/api-keys", consumer);
    const asking = createClient(service.url, asks.key);
    const visitor = await watching("admin", "/requests", "requested=true&limit=50");
    const { page } = visitor;
    await page.getByText("No subscription waits for a decision.").waitFor();
    expect((await asking.patch(`/v1/subscriptions/${id}`, { eventTypes: [...TYPES] })).status).toBe(200);
    await page.getByText(`New: ${TYPES[1]}`).waitFor();
    await checked(page, "requests-live");
    expect((await client.post(`/v1/subscriptions/${id}/approve`, {})).status).toBe(200);
    await page.getByText("No subscription waits for a decision.").waitFor();
    await asking.close();
    await closed(visitor);
  });

  it("the requests show a grant that is asked for and decided, and the history what was changed", async () => {
    const visitor = await watching("admin", "/requests", "requested=true&limit=50");
    const { page } = visitor;
    const none = page.getByText("No request has this status.");
    await none.waitFor();
    const api = { name: "archive", listed: true };
    const { body: archive } = await client.post<{ id: string }>("/v1/apis", api);
    const { body: asks } = await client.post<{ key: string }>("/v1/api-keys", {
      name: "asks",
      role: "consumer",
      groupId,
    });
    const asking = createClient(service.url, asks.key);
    const wanted = { grant: archive.id, reason: "We keep the books." };
    const { status, body: request } = await asking.post<{ id: string }>("/v1/grant-requests", wanted);
    expect(status).toBe(201);
    await page.getByText("We keep the books.").waitFor();
    await checked(page, "requests-live-grant");
    expect((await client.post(`/v1/grant-requests/${request.id}/refuse`, { reason: "no" })).status).toBe(200);
    await none.waitFor();
    await asking.close();
    await closed(visitor);
  });

  it("the history of a subscription shows the values before and after, and no secret", async () => {
    const id = await make("Ledger");
    const headers = { "x-canary": "header-canary" };
    await change(id, { name: "Books", rateLimit: { perSecond: 7, burst: 9 }, headers });
    for (const person of ["consumer", "admin"]) {
      const visitor = await logInAs(chromium, service, person, { path: `/portal/subscriptions/${id}?tab=history` });
      const { page } = visitor;
      const values = page.getByRole("definition");
      await values.filter({ hasText: /^Ledger → becameBooks$/ }).waitFor();
      await values.filter({ hasText: /^none → becameperSecond: 7, burst: 9$/ }).waitFor();
      await values.filter({ hasText: /^changed$/ }).waitFor();
      expect(await page.getByText("header-canary").count()).toBe(0);
      await checkedEverywhere(page, `subscription-history-values-${person}`);
      await closed(visitor);
    }
  });

  it("the overview counts it", async () => {
    // So many that the sentence has a number before and after, whatever else there is.
    const [id] = [await make("Dunning"), await make("Reminders"), await make("Collections")];
    const visitor = await watching("consumer", "/", "/v1/overview");
    const { page } = visitor;
    const sentence = page.getByRole("region", { name: "How it stands" });
    await sentence.waitFor();
    const counted = async () => Number(/All (\d+) endpoints/.exec(await sentence.innerText())?.[1]);
    const before = await counted();
    expect((await client.post(`/v1/subscriptions/${id}/pause`, {})).status).toBe(200);
    await expect.poll(counted, WITHIN).toBe(before - 1);
    await checked(page, "overview-live");
    await closed(visitor);
  });

  it("the page of a subscription says that it is gone, and shows nothing of it any more", async () => {
    const id = await make("Petty cash");
    const visitor = await watching("consumer", `/subscriptions/${id}`, `/v1/subscriptions/${id}`);
    const { page } = visitor;
    await titled(page, "Petty cash");
    expect((await client.delete(`/v1/subscriptions/${id}`)).status).toBe(204);
    await page.getByRole("alert").getByText("not_found").waitFor();
    expect(await page.getByText("Petty cash").count()).toBe(0);
    await checked(page, "subscription-gone");
    expect(visitor.complaints.every((each) => each.includes("404"))).toBe(true);
    visitor.complaints.length = 0;
    await closed(visitor);
  });

  it("a list whose stream was cut asks again once it is back", async () => {
    const id = await make("Cut off");
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/account" });
    const { page } = visitor;
    const away: { end?: () => void } = {};
    const over = new Promise<void>((resolve) => (away.end = resolve));
    let streams = 0;
    // The first stream greets and is cut. The second one comes through only when it may.
    await page.route(
      ({ pathname }) => pathname === "/v1/stream",
      async (route) => {
        streams++;
        const hello = `retry: 100\nevent: hello\nid: ${Date.now().toString(36)}\ndata: {}\n\n`;
        if (streams === 1) return route.fulfill({ contentType: "text/event-stream", body: hello });
        await over;
        await route.continue();
      },
    );
    await withoutClock(page);
    let looks = 0;
    page.on("response", (each) => void (looks += Number(isLook(each.request()))));
    await page.goto(`${service.url}/portal/subscriptions?status=active`);
    await page.getByRole("link", { name: "Cut off", exact: true }).waitFor();
    await expect.poll(() => streams, WITHIN).toBe(2);
    // The greeting of the first one has been answered. It would find what is deleted from here on.
    await expect.poll(() => looks, WITHIN).toBeGreaterThanOrEqual(1);
    expect((await client.delete(`/v1/subscriptions/${id}`)).status).toBe(204);
    const gone = page.getByRole("button", { name: /does not belong here any more/ });
    expect(await gone.count()).toBe(0);
    away.end?.();
    await gone.waitFor();
    await closed(visitor);
  });
});
