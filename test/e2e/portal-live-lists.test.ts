/**
 * What is being looked at, in a real browser: a list that changes without moving a row, and what an endpoint showed
 * whose certificate is refused.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../support/certificates.js";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checkedEverywhere, closed, logInAs, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-live-lists.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

/** So often the list asks. The browser's clock is moved, so that nobody waits for it. */
const ASK_EVERY_MS = 15_000;

/** From the next page on nothing is asked by the clock. */
const withoutAsking = (page: Page) =>
  page.addInitScript((every) => {
    const begin = window.setInterval.bind(window);
    window.setInterval = ((act: TimerHandler, ms?: number) => (ms === every ? 0 : begin(act, ms))) as never;
  }, ASK_EVERY_MS);

describe.skipIf(!there)("what is looked at", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let groupId: string;

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const { body } = await client.get<{ data: { id: string }[] }>("/v1/groups");
    groupId = body.data[0]?.id ?? "";
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
  });

  const make = async (name: string, more: object = {}): Promise<string> => {
    const made = { groupId, name, url: "http://127.0.0.1:9/hook", eventTypes: ["demo.greeting.sent"], ...more };
    const { status, body } = await client.post<{ id: string }>("/v1/subscriptions", made);
    expect(status).toBe(201);
    return body.id;
  };

  it("is a list of subscriptions that changes in place, and tells of what is new or has gone", async () => {
    const ledger = await make("Ledger");
    const books = await make("Books");
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/subscriptions" });
    const { page } = visitor;
    await page.clock.install();
    await page.goto(`${service.url}/portal/subscriptions?status=active`);
    const rows = page.getByRole("table", { name: "Subscriptions" }).locator("tbody tr");
    await expect.poll(() => rows.count(), WITHIN).toBe(3);
    const names = async () => (await rows.locator("[data-row-link]").allTextContents()).join();
    const asked = async () => {
      const answer = page.waitForResponse((each) => new URL(each.url()).pathname === "/v1/subscriptions");
      await page.clock.fastForward(ASK_EVERY_MS);
      await (await answer).finished();
    };
    expect(await names()).toBe("Books,Ledger,Demo receiver");

    await client.patch(`/v1/subscriptions/${ledger}`, { name: "Ledger prod" });
    await make("Archive");
    await client.post(`/v1/subscriptions/${books}/pause`, {});
    await asked();
    const anew = page.getByRole("button", { name: "1 new, 1 does not belong here any more: show the list anew" });
    await anew.waitFor();
    await expect.poll(names, WITHIN).toBe("Books,Ledger prod,Demo receiver");
    await checkedEverywhere(page, "subscriptions-changed");
    await anew.click();
    await expect.poll(names, WITHIN).toBe("Archive,Ledger prod,Demo receiver");
    expect(await anew.count()).toBe(0);
    await asked();
    expect(await names()).toBe("Archive,Ledger prod,Demo receiver");
    await closed(visitor);
  });

  it("is a list of subscriptions that follows the stream, also where nothing asks by the clock", async () => {
    const id = await make("Journal");
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/subscriptions" });
    const { page } = visitor;
    await withoutAsking(page);
    const stream = page.waitForResponse((each) => each.url().endsWith("/v1/stream?events=subscription"));
    await page.goto(`${service.url}/portal/subscriptions?status=active`);
    await stream;
    await page.getByRole("link", { name: "Journal", exact: true }).waitFor();
    await client.patch(`/v1/subscriptions/${id}`, { name: "Journal of today" });
    await page.getByRole("link", { name: "Journal of today", exact: true }).waitFor();
    await closed(visitor);
  });

  it("is a list of events that tells of new ones and moves none, by the stream alone", async () => {
    const publish = async (id: string) =>
      expect((await client.post("/v1/events", { type: "demo.greeting.sent", id, data: {} })).status).toBe(202);
    await publish("first");
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/events" });
    const { page } = visitor;
    await withoutAsking(page);
    const followed = page.waitForResponse((each) => each.url().endsWith("/v1/stream?events=delivery"));
    await page.goto(`${service.url}/portal/events`);
    await followed;
    const rows = page.getByRole("table", { name: "Events" }).locator("tbody tr");
    const ids = async () => (await rows.locator("code").allTextContents()).join();
    await expect.poll(ids, WITHIN).toBe("first");
    await publish("second");
    const fresh = page.getByRole("button", { name: "1 new, show" });
    await fresh.waitFor();
    expect(await ids()).toBe("first");
    await checkedEverywhere(page, "events-fresh");
    await fresh.click();
    await expect.poll(ids, WITHIN).toBe("second,first");
    await page.getByRole("status").getByText("2 events", { exact: true }).waitFor();
    expect(await fresh.count()).toBe(0);
    expect((await client.delete("/v1/events/first")).status).toBe(204);
    await expect.poll(() => rows.last().innerText(), WITHIN).toContain("content erased");
    await closed(visitor);
  });

  it("is a certificate form that keeps what is typed, and saves over nobody's change", async () => {
    const [mine, theirs] = [await createCertificateAuthority(), await createCertificateAuthority()];
    const id = await make("Mutual");
    const visitor = await logInAs(chromium, service, "consumer", { path: `/portal/subscriptions/${id}?tab=security` });
    const { page } = visitor;
    await page.getByText("Give a certificate with its key, or an authority").click();
    const form = page.getByRole("form", { name: "Mutual TLS with your own key" });
    const authority = form.getByLabel("Authority of your endpoint, if it is not a public one (PEM)");
    await authority.fill(mine.ca);
    expect((await client.patch(`/v1/subscriptions/${id}`, { tls: { ca: theirs.ca } })).status).toBe(200);
    const save = form.getByRole("button", { name: "Check and save" });
    await save.click();
    const overtaken = form.getByRole("alert").filter({ hasText: "Somebody else has changed this subscription" });
    await overtaken.waitFor();
    expect(await authority.inputValue()).toBe(mine.ca);
    expect(await save.isDisabled()).toBe(true);
    const saved = async () => (await client.get<{ tls?: { ca?: string } }>(`/v1/subscriptions/${id}`)).body.tls?.ca;
    expect((await saved())?.trim(), "nothing was written over").toBe(theirs.ca.trim());
    await checkedEverywhere(page, "subscription-certificate-overtaken");
    await overtaken.getByRole("button", { name: "Keep both" }).click();
    expect(await authority.inputValue()).toBe(mine.ca);
    await save.click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect((await saved())?.trim()).toBe(mine.ca.trim());
    expect(visitor.complaints.splice(0).every((each) => each.includes("412"))).toBe(true);
    await closed(visitor);
  });

  it("is a page of deliveries that stays until the next one is there", async () => {
    const events = Array.from({ length: 120 }, (_each, number) => ({ type: "demo.greeting.sent", data: { number } }));
    expect((await client.post("/v1/events/batch", events)).status).toBe(202);
    const settled = "/v1/deliveries/count?status=delivered&eventType=demo.greeting.sent";
    const count = async () => (await client.get<{ count: number }>(settled)).body.count;
    await expect.poll(count, WITHIN).toBeGreaterThanOrEqual(120);
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/deliveries?status=delivered" });
    const { page } = visitor;
    const ids = () =>
      page.locator("[data-row-link]").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    const table = page.getByRole("table", { name: "Deliveries" });
    await table.locator("[data-row-link]").first().waitFor();
    const [before, height] = [await ids(), (await table.boundingBox())?.height];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let isAsked = false;
    await page.route(
      ({ pathname, searchParams }) => pathname === "/v1/deliveries" && searchParams.has("cursor"),
      async (route) => {
        isAsked = true;
        await held;
        await route.continue();
      },
    );
    await page.getByRole("link", { name: "Older" }).click();
    await expect.poll(() => isAsked, WITHIN).toBe(true);
    await page.waitForURL(/cursor=/);
    expect(await ids()).toEqual(before);
    expect((await table.boundingBox())?.height).toBe(height);
    release();
    await expect.poll(async () => (await ids()).some((id) => before.includes(id)), WITHIN).toBe(false);
    expect((await ids()).length).toBeGreaterThan(0);
    await closed(visitor);
  });

  it("is the chain of an endpoint whose certificate has ended, with the days and the warning", async () => {
    const authority = await createCertificateAuthority({ commonName: "Acme issuing authority" });
    const expired = await authority.issue({ commonName: "hooks.acme.example", usage: "server", expired: true });
    const receiver = await startReceiver({ tls: { cert: expired.cert + authority.ca, key: expired.key } });
    const id = await make("Expired", { url: receiver.url, tls: { ca: authority.ca } });
    await client.post(`/v1/subscriptions/${id}/test`, {});
    const shown = async () =>
      (await client.get<{ endpoint?: { accepted: boolean } }>(`/v1/subscriptions/${id}/certificates`)).body.endpoint;
    await expect.poll(async () => (await shown())?.accepted, WITHIN).toBe(false);
    const visitor = await logInAs(chromium, service, "consumer", { path: `/portal/subscriptions/${id}?tab=security` });
    const { page } = visitor;
    const part = page.getByRole("region", { name: "Certificates", exact: true });
    await part.getByText("The last TLS handshake with it failed.", { exact: false }).waitFor();
    const own = part.getByRole("group", { name: "CN=hooks.acme.example" });
    await own.getByText("ended").waitFor();
    await own.getByText("CN=Acme issuing authority").waitFor();
    // The authority is shown twice: as the endpoint sends it, and as it is saved.
    const authorities = part.getByRole("group", { name: "CN=Acme issuing authority" });
    expect(await authorities.getByText(/^36\d days left$/).count()).toBe(2);
    await checkedEverywhere(page, "subscription-security-refused");
    await page.goto(`${service.url}/portal/subscriptions/${id}`);
    await page.getByRole("figure", { name: "Attempts by outcome" }).getByRole("listitem").waitFor();
    expect(await page.getByRole("figure", { name: "Attempts by outcome" }).innerText()).toContain(
      "Certificate expired",
    );
    await closed(visitor);
    await receiver.close();
  });
});
