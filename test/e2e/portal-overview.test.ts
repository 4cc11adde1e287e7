/** The overview in a real browser: of a newcomer, of a consumer whose endpoint fails, and of an operator. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { killNow } from "../support/process.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checkedEverywhere, logInAs, picture, WITHIN } from "./portal-setup.js";

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
    await page.getByText(/^All \d+ endpoints take their events\. Nothing waits\.$/).waitFor();
    await page.getByText("The store and the engine answer.").waitFor();
    const attempts = page.getByRole("figure", { name: "Attempts" });
    await attempts.getByRole("slider").waitFor();
    await checkedEverywhere(page, "overview");
    await attempts.getByRole("slider").press("ArrowLeft");
    await attempts.getByRole("button", { name: "Show as table" }).click();
    await attempts.getByRole("group", { name: "Attempts" }).waitFor();
    await page.getByRole("link", { name: "Parked deliveries" }).click();
    await page.getByRole("table", { name: "Deliveries" }).waitFor();
    expect(new URL(page.url()).search).toBe("?status=parked");
    await expect.poll(() => page.getByText(`${PARKED} deliveries`, { exact: true }).count(), WITHIN).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("leads to what is to be finished, and to what signs with an earlier secret too", async () => {
    const { body: groups } = await client.get<{ data: { id: string; name: string }[] }>("/v1/groups");
    const own = groups.data.find(({ name }) => name !== "Acme Bank");
    const draft = {
      groupId: own?.id,
      name: "To finish",
      url: receiver.url,
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

  it("shows a consumer its own group, and no answer holds anything of another one", async () => {
    const { page, complaints } = await logInAs(chromium, service, "consumer", { path: "/portal/account" });
    const answers: string[] = [];
    page.on("response", (response) => {
      if (!new URL(response.url()).pathname.startsWith("/v1/") || response.url().includes("/v1/stream")) return;
      void response.text().then(
        (text) => answers.push(text),
        () => undefined,
      );
    });
    for (const screen of ["Overview", "Deliveries", "Subscriptions", "Catalogue", "Requests"]) {
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: screen }).click();
      await page.getByRole("heading", { level: 1, name: screen }).waitFor();
      await expect.poll(() => page.locator("[aria-busy=true]").count(), WITHIN).toBe(0);
    }
    expect(answers.length).toBeGreaterThanOrEqual(5);
    const { hostname, port } = new URL(receiver.url);
    for (const theirs of ["Acme", "payments.invoice.paid", `${hostname}:${port}`])
      expect(answers.filter((text) => text.includes(theirs))).toEqual([]);
    expect(await page.getByText("Acme").count()).toBe(0);
    expect(complaints).toEqual([]);
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
