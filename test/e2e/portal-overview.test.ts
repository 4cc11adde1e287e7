/** The overview in a real browser: of a newcomer, of a consumer whose endpoint fails, and of an operator. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { killNow } from "../support/process.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checkedEverywhere, logInAs, picture, reloadedUntil, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-overview.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const PARKED = 4;

describe.skipIf(!there)("the overview", { timeout: 300_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: () => ({ status: 422 }) });
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    await client.post("/v1/event-types", { name: "payments.invoice.paid", apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    const to = { groupId, name: "Acme ledger", url: receiver.url, eventTypes: ["payments.invoice.paid"] };
    await client.post("/v1/subscriptions", to);
    await client.post(
      "/v1/events",
      Array.from({ length: PARKED }, (_, n) => ({ type: "payments.invoice.paid", data: { n } })),
    );
    const counted = async (): Promise<number> =>
      (await client.get<{ count: number }>("/v1/deliveries/count?status=parked")).body.count;
    await vi.waitUntil(async () => (await counted()) === PARKED, { timeout: 180_000, interval: 500 });
  }, 500_000);
  afterAll(async () => {
    await client?.close();
    await chromium?.close();
    await receiver?.close();
    await service?.remove();
  });

  it("is where a person begins, and each figure leads to what it counts", async () => {
    const { page, complaints } = await logInAs(chromium, service, "operator", { path: "/portal" });
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    const stands = `No endpoint is failing. Nothing waits. ${PARKED} deliveries were refused and wait for a person.`;
    await page.getByText(stands).waitFor();
    await page.getByText("The store and the engine answer.").waitFor();
    const attempts = page.getByRole("figure", { name: "Attempts", exact: true });
    await attempts.getByRole("slider").waitFor();
    await checkedEverywhere(page, "overview");
    await attempts.getByRole("slider").press("ArrowLeft");
    await attempts.getByRole("button", { name: "Show as table" }).click();
    await attempts.getByRole("group", { name: "Attempts" }).waitFor();
    await page.getByRole("link", { name: "Parked deliveries" }).click();
    await page.getByRole("table", { name: "Deliveries" }).waitFor();
    expect(new URL(page.url()).search).toBe("?status=parked");
    await expect.poll(() => page.getByText(`${PARKED} deliveries`, { exact: true }).count(), WITHIN).toBe(1);
    await page.goto(`${service.url}/portal`);
    await page.getByRole("region", { name: "Failed attempts: whose fault" }).getByRole("link").click();
    await page.getByRole("table", { name: "Deliveries" }).waitFor();
    expect(new URL(page.url()).search).toBe("?fault=endpoint&since=-24h");
    await expect.poll(() => page.getByText(`${PARKED} deliveries`, { exact: true }).count(), WITHIN).toBe(1);
    expect(await page.getByLabel("Failed on the side of").inputValue()).toBe("endpoint");
    for (const [link, search] of [
      ["What was delivered in this time", "?status=delivered&since=-24h"],
      ["All deliveries of this time", "?since=-24h"],
    ] as const) {
      await page.goto(`${service.url}/portal`);
      await page.getByRole("link", { name: link }).click();
      await page.getByRole("heading", { level: 1, name: "Deliveries" }).waitFor();
      expect(new URL(page.url()).search).toBe(search);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("leads to what is to be finished, and to what signs with an earlier secret too", async () => {
    const { body: groups } = await client.get<{ data: { id: string; name: string }[] }>("/v1/groups");
    const own = groups.data.find(({ name }) => name !== "Acme Bank");
    const draft = {
      groupId: own?.id,
      name: "To finish",
      // Not the address of the other group, which nobody of this one may read. Nothing is sent to a draft.
      url: "http://127.0.0.1:9/draft",
      eventTypes: ["demo.greeting.sent"],
      initialStatus: "draft",
    };
    const { body } = await client.post<{ id: string }>("/v1/subscriptions", draft);
    await client.post(`/v1/subscriptions/${body.id}/secret/rotate`, { overlapSeconds: 3_600 });
    const { page, complaints } = await logInAs(chromium, service, "consumer", { path: "/portal" });
    for (const [link, only] of [
      [/to finish/i, "toFinish"],
      [/in overlap/i, "secretsInOverlap"],
    ] as const) {
      await page.getByRole("main").getByRole("link", { name: link }).click();
      await page.getByRole("link", { name: "To finish" }).waitFor();
      await page.getByText("1 subscription", { exact: true }).waitFor();
      expect(new URL(page.url()).searchParams.get("only")).toBe(only);
      await page.goBack();
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("says of an endpoint in trouble what waits for it, without what waits for a person", async () => {
    const gone = await startReceiver({ respond: () => ({ status: 410 }) });
    const { body: apis } = await client.get<{ data: { id: string; name: string }[] }>("/v1/apis");
    await client.post("/v1/event-types", {
      name: "payments.invoice.sent",
      apiId: apis.data.find(({ name }) => name === "payments")?.id,
    });
    const { body: groups } = await client.get<{ data: { id: string; name: string }[] }>("/v1/groups");
    const { body } = await client.post<{ id: string }>("/v1/subscriptions", {
      groupId: groups.data.find(({ name }) => name === "Acme Bank")?.id,
      name: "Moved away",
      url: gone.url,
      eventTypes: ["payments.invoice.sent"],
    });
    const isDisabled = async (): Promise<boolean> =>
      (await client.get<{ status: string }>(`/v1/subscriptions/${body.id}`)).body.status === "disabled";
    const count = async (status: string): Promise<number> =>
      (await client.get<{ count: number }>(`/v1/deliveries/count?subscriptionId=${body.id}&status=${status}`)).body
        .count;
    // The first one is refused for good, and the endpoint is given up. The next ones are held.
    await client.post("/v1/events", { type: "payments.invoice.sent", data: {} });
    await vi.waitUntil(isDisabled, { ...WITHIN, interval: 100 });
    await client.post(
      "/v1/events",
      [1, 2].map((n) => ({ type: "payments.invoice.sent", data: { n } })),
    );
    await vi.waitUntil(async () => (await count("held")) === 2, { ...WITHIN, interval: 100 });
    expect(await count("parked")).toBe(1);
    const { page, complaints } = await logInAs(chromium, service, "operator", { path: "/portal" });
    const trouble = page.getByRole("region", { name: "Endpoints in trouble" });
    await trouble.getByRole("link", { name: "Moved away" }).waitFor();
    await reloadedUntil(page, trouble.getByRole("link", { name: "2 deliveries wait for it" }));
    await trouble.getByRole("link", { name: "2 deliveries wait for it" }).click();
    await page.getByRole("table", { name: "Deliveries" }).waitFor();
    await page.getByText("2 deliveries", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
    await gone.close();
  });

  it("shows a consumer its own group, and no answer holds anything of another one", async () => {
    const [theirs] = (await client.get<{ data: { id: string }[] }>("/v1/deliveries?status=parked&limit=1")).body.data;
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const filter = { since, status: ["parked"], subscriptionId: theirs?.id.split(".").at(-1) };
    const { body: preview } = await client.post<{ token: string }>("/v1/recoveries/preview", { filter });
    const { body: recovery } = await client.post<{ id: string }>("/v1/recoveries", { filter, token: preview.token });
    expect(recovery.id).toMatch(/^rec_/);
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/account" });
    const { page } = visitor;
    const { told = [] } = visitor.watched ?? {};
    const loaded = () => expect.poll(() => page.locator("[aria-busy=true]").count(), WITHIN).toBe(0);
    for (const screen of ["Overview", "Subscriptions", "Catalogue", "Requests", "Recoveries", "Deliveries"]) {
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: screen }).click();
      await page.getByRole("heading", { level: 1, name: screen }).waitFor();
      await loaded();
    }
    // While an admin listens too, the changes of all groups are read. Both groups get an event.
    const beside = new AbortController();
    const authorization = `Bearer ${service.adminKey}`;
    await fetch(`${service.url}/v1/stream`, { headers: { authorization }, signal: beside.signal });
    await client.post("/v1/events", [
      { type: "payments.invoice.paid", data: { n: 0 } },
      { type: "demo.greeting.sent", data: { hello: "world" } },
    ]);
    await page.getByRole("button", { name: "1 new, show" }).click();
    expect(told.some(({ address }) => address === "/v1/stream")).toBe(true);
    beside.abort();
    const sought = [theirs?.id, theirs?.id.split(".").at(-1), recovery.id, "payments", receiver.url];
    for (const q of sought) {
      const address = `/v1/search?${new URLSearchParams({ q: String(q) }).toString()}`;
      expect(await page.evaluate(async (asked) => (await fetch(asked)).text(), address), address).toBe('{"data":[]}');
    }
    for (const place of [`deliveries/${theirs?.id}`, `recoveries/${recovery.id}`]) {
      await page.goto(`${service.url}/portal/${place}`);
      await page
        .getByRole("main")
        .getByText(/not found|not yours/i)
        .first()
        .waitFor();
    }
    await visitor.watched?.judged();
    const { hostname, port } = new URL(receiver.url);
    for (const word of ["Acme", "payments.invoice.paid", `${hostname}:${port}`, "rec_"])
      expect(told.filter(({ text }) => text.includes(word))).toEqual([]);
    const answers = (path: string) => told.flatMap(({ address, text }) => (address.startsWith(path) ? [text] : []));
    // Its own delivery was accepted. All that is parked is of the other group.
    for (const text of answers("/v1/overview")) expect(JSON.parse(text)).toMatchObject({ parked: { count: 0 } });
    for (const text of answers("/v1/deliveries/count"))
      expect((JSON.parse(text) as { count: number }).count).toBeLessThanOrEqual(1);
    for (const text of answers("/v1/stats")) expect(text).not.toMatch(/parked|http_4xx|"422"/);
    for (const path of ["/v1/overview", "/v1/deliveries/count", "/v1/stats", "/v1/recoveries"])
      expect(answers(path).length, path).toBeGreaterThan(0);
    expect(await page.getByText("Acme").count()).toBe(0);
    expect(visitor.complaints.filter((complaint) => !complaint.includes("404"))).toEqual([]);
    await page.context().close();
  });

  it("tells a newcomer what to do first", async () => {
    const groupId = String((await client.post<{ id: string }>("/v1/groups", { name: "New", grants: [] })).body.id);
    const path = `/portal?group=${groupId}`;
    const { page, complaints } = await logInAs(chromium, service, "provider", { path });
    await page.getByText("There is no endpoint yet.").waitFor();
    await page.getByRole("heading", { name: "Begin here" }).waitFor();
    await checkedEverywhere(page, "overview-newcomer");
    await page.getByRole("main").getByRole("link", { name: "New subscription" }).click();
    await page.waitForURL(/\/portal\/subscriptions\/new/);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("tells an operator in one look that the engine does not answer", async () => {
    const { page } = await logInAs(chromium, service, "operator", { path: "/portal" });
    await page.getByText("The store and the engine answer.").waitFor();
    // It is started again by itself. So it is ended until the page has said that it is away.
    const away = page.getByText(/Temporal does not answer|No worker runs/);
    await expect
      .poll(
        async () => {
          const { temporal } = service.pids();
          if (temporal !== undefined) killNow(temporal);
          await page.reload();
          await page.getByRole("heading", { name: "The service" }).waitFor();
          return away.count();
        },
        { timeout: 180_000, interval: 200 },
      )
      .toBeGreaterThan(0);
    await picture(page, "overview-engine");
    await page.context().close();
  });
});
