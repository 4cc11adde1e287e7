/** The list of deliveries in a real browser, at a real service with a receiver that refuses: found, and sent again. */
import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { lastChangeDay, moveToChange, typeWindow } from "./clock-change.js";
import { publishInvoices } from "./invoices.js";
import { checked, checkedEverywhere, closed, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-deliveries.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

/** More than a page of the list has. */
const REFUSED = 60;
const DATABASE = `portal_${randomBytes(4).toString("hex")}`;

describe.skipIf(!there)("the list of deliveries", { timeout: 300_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;
  /** What the receiver answers now. */
  let answer = 422;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: () => ({ status: answer }) });
    service = await startService({ env: { SEALPOST_DEMO: "1", MONGODB_DATABASE: DATABASE } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    await publishInvoices(client, receiver.url, REFUSED);
    await client.post("/v1/events", { type: "demo.greeting.sent", data: { hello: "world" } });
    const settled = async () =>
      [await counted("status=parked"), await counted("status=delivered")].join() === `${REFUSED},1`;
    await vi.waitUntil(settled, { timeout: 180_000, interval: 500 });
  }, 500_000);
  afterAll(async () => {
    await client?.close();
    await chromium?.close();
    await receiver?.close();
    await service?.remove();
  });

  const counted = async (query: string): Promise<number> =>
    (await client.get<{ count: number }>(`/v1/deliveries/count?${query}`)).body.count;
  const rows = (page: Page) => page.getByRole("table", { name: "Deliveries" }).getByRole("row");
  const urlWith = async (page: Page, parameter: string): Promise<URL> => {
    await expect.poll(() => new URL(page.url()).searchParams.has(parameter), WITHIN).toBe(true);
    return new URL(page.url());
  };
  const text = async (page: Page): Promise<string> => (await page.textContent("body")) ?? "";

  it("keeps its filters in the address, over a reload", async () => {
    const visitor = await logInAs(chromium, service, "operator");
    const { page } = visitor;
    await page.getByRole("cell", { name: "Demo receiver" }).first().waitFor();
    await page.getByLabel("Only those that need me").check();
    await expect.poll(() => new URL(page.url()).search, WITHIN).toContain("status=parked,exhausted");
    await page.getByText("More filters").click();
    await page.getByLabel("HTTP status").fill("4xx");
    await page.keyboard.press("Enter");
    await page.getByLabel("Window").selectOption("Last 24 hours");
    const wanted = "?status=parked,exhausted&http=4xx&since=-24h";
    await expect.poll(() => new URL(page.url()).search, WITHIN).toBe(wanted);
    for (const when of ["before a reload", "after it"]) {
      await expect.poll(() => rows(page).count(), { ...WITHIN, message: when }).toBe(51);
      expect(await page.getByRole("cell", { name: "Demo receiver" }).count(), when).toBe(0);
      expect(await page.getByLabel("HTTP status").inputValue(), when).toBe("4xx");
      expect(await page.getByText("60 deliveries").count(), when).toBe(1);
      await page.reload();
    }
    expect(new URL(page.url()).search).toBe(wanted);
    await page.getByLabel("HTTP status").fill("500");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "No delivery matches" }).waitFor();
    await picture(page, "deliveries-empty");
    await closed(visitor);
  });

  it("pages by cursor, and says so when a cursor is no good", async () => {
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/deliveries?status=parked" });
    const { page } = visitor;
    await page.getByRole("link", { name: "Older" }).click();
    await expect.poll(() => rows(page).count(), WITHIN).toBe(REFUSED - 50 + 1);
    await page.getByRole("button", { name: "Newer" }).click();
    await expect.poll(() => rows(page).count(), WITHIN).toBe(51);
    expect(visitor.complaints).toEqual([]);
    await page.goto(`${service.url}/portal/deliveries?cursor=forged`);
    await page.getByText("This list has moved on").waitFor();
    await page.getByRole("button", { name: "Start at the newest" }).click();
    await expect.poll(() => rows(page).count(), WITHIN).toBe(51);
    await page.context().close();
  });

  it("shows a consumer its own, and nothing of another group", async () => {
    const visitor = await logInAs(chromium, service, "consumer");
    const { page } = visitor;
    const answers: string[] = [];
    page.on("response", (response) => {
      if (response.url().includes("/v1/"))
        void response.text().then(
          (body) => answers.push(body),
          () => undefined,
        );
    });
    await page.reload();
    await page.getByRole("cell", { name: "Demo receiver" }).first().waitFor();
    await page.getByText("1 delivery", { exact: true }).waitFor();
    expect(await text(page)).not.toMatch(/Acme|payments/);
    expect(answers.join("\n")).not.toMatch(/Acme|payments/);
    await closed(visitor);
  });

  it("counts what is new, and moves nothing until it is asked to", async () => {
    const visitor = await logInAs(chromium, service, "operator", {
      path: "/portal/deliveries?type=demo.greeting.sent",
    });
    const { page } = visitor;
    await expect.poll(() => rows(page).count(), WITHIN).toBe(2);
    await client.post("/v1/events", { type: "demo.greeting.sent", data: { hello: "again" } });
    const fresh = page.getByRole("button", { name: "1 new, show" });
    await fresh.waitFor();
    expect(await rows(page).count()).toBe(2);
    await fresh.click();
    await expect.poll(() => rows(page).count(), WITHIN).toBe(3);
    await closed(visitor);
  });

  it("asks every 15 seconds where it can have no stream, and says so", async () => {
    const visitor = await logInAs(chromium, service, "provider", { path: "/portal/account" });
    const { page } = visitor;
    const cookies = await page.context().cookies(service.url);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const over = new AbortController();
    // As many as one person may have.
    const streams = Array.from({ length: 20 }, () =>
      fetch(`${service.url}/v1/stream`, { headers: { cookie }, signal: over.signal }),
    );
    for (const { status } of await Promise.all(streams)) expect(status).toBe(200);
    const before = await counted("eventType=demo.greeting.sent");
    await page.goto(`${service.url}/portal/deliveries?type=demo.greeting.sent`);
    await page.getByText("Live, asked every 15 s").waitFor();
    await expect.poll(() => rows(page).count(), WITHIN).toBe(before + 1);
    await client.post("/v1/events", { type: "demo.greeting.sent", data: { hello: "once more" } });
    await page.getByRole("button", { name: "1 new, show" }).waitFor();
    expect(await rows(page).count()).toBe(before + 1);
    over.abort();
    await page.context().close();
  });

  it("narrows to one api by the switch at the top, and keeps it from screen to screen", async () => {
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/deliveries" });
    const { page } = visitor;
    await page.getByRole("cell", { name: "Demo receiver" }).first().waitFor();
    await page.getByLabel("Shown api").selectOption("payments");
    await expect.poll(() => page.getByText(`${REFUSED} deliveries`, { exact: true }).count(), WITHIN).toBe(1);
    expect(await page.getByRole("cell", { name: "Demo receiver" }).count()).toBe(0);
    await page.getByRole("link", { name: "Subscriptions", exact: true }).click();
    await page.getByText("1 subscription", { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get("api")).toMatch(/^api_/);
    await page.getByRole("link", { name: "Requests" }).click();
    await page.getByRole("heading", { level: 1, name: "Requests" }).waitFor();
    expect(await page.getByRole("button", { name: /^Approve|^Refuse/ }).count()).toBe(0);
    await closed(visitor);
  });

  it("takes a window between two times, in the zone that is shown and by keys alone", async () => {
    const path = "/portal/deliveries?since=2026-11-01T11:00:00.000Z&tz=Asia/Kolkata";
    const visitor = await logInAs(chromium, service, "operator", { path });
    const { page } = visitor;
    const range = page.getByRole("group", { name: "From and to (Asia/Kolkata)" });
    await range.waitFor();
    const hour = page.getByRole("spinbutton", { name: /^hour, Start/ });
    expect(await hour.textContent()).toBe("16");
    await hour.focus();
    await page.keyboard.press("ArrowDown");
    await page.getByLabel("Without an end").uncheck();
    await checkedEverywhere(page, "deliveries-range");
    await page.getByRole("button", { name: /Calendar/ }).click();
    await page.getByRole("application").waitFor();
    await checked(page, "deliveries-calendar");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Apply" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get("since"), WITHIN).toBe("2026-11-01T10:00:00.000Z");
    expect(new URL(page.url()).searchParams.get("until")).toMatch(/^20\d\d-.*:\d\d\.000Z$/);
    await page.getByLabel("Window").selectOption("Last 24 hours");
    await expect.poll(() => range.count(), WITHIN).toBe(0);
    await closed(visitor);
  });

  it("sends one row again by keys alone, and says to whom before", async () => {
    answer = 204;
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/deliveries?status=parked" });
    const { page } = visitor;
    await expect.poll(() => rows(page).count(), WITHIN).toBe(51);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    const first = page.locator("[data-row-link]").first();
    expect(await first.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press("r");
    const dialog = page.getByRole("alertdialog", { name: "Resend 1 delivery" });
    await dialog.getByText("It goes to Acme ledger now").waitFor();
    await picture(page, "deliveries-resend");
    const before = receiver.requests.length;
    await dialog.getByRole("button", { name: "Resend 1 delivery" }).click();
    await dialog.getByText("1 delivery is being sent again.").waitFor();
    await expect.poll(() => receiver.requests.length, WITHIN).toBe(before + 1);
    await page.keyboard.press("Escape");
    await closed(visitor);
  });

  it("sends all that match again, counted first and on every page", async () => {
    const left = await counted("status=parked");
    const visitor = await logInAs(chromium, service, "operator", {
      path: "/portal/deliveries?status=parked&since=-24h",
    });
    const { page } = visitor;
    await page.getByLabel("Select all rows of this page").check();
    await page.getByRole("button", { name: `Select all ${left} that match` }).click();
    await page.getByRole("button", { name: "Resend", exact: true }).click();
    const dialog = page.getByRole("alertdialog", { name: "Resend all that match" });
    await dialog.getByText(`${left} deliveries match`).waitFor();
    await dialog.getByText(`Acme ledger: ${left}`).waitFor();
    await dialog.getByLabel("Reason, for the audit").fill("the ledger is back");
    await picture(page, "deliveries-recover");
    await dialog.getByRole("button", { name: `Send ${left} again to Acme ledger` }).click();
    await dialog.getByText("It has begun").waitFor();
    await expect.poll(() => counted("status=parked"), { timeout: 120_000 }).toBe(0);
    await closed(visitor);
  });

  it("shows a night of summer time in two zones, and counts a day as it is there", async () => {
    const change = lastChangeDay(new Date());
    await moveToChange(service, DATABASE, change);
    for (const { zone, begins, ends, times } of [
      // 25 hours, in which half past one comes twice.
      {
        zone: "America/St_Johns",
        begins: `${change.day}T02:30:00.000Z`,
        ends: `${change.next}T03:30:00.000Z`,
        times: ["23:59:59 UTC-3:30", "01:30:00 UTC-3:30", "01:30:00 UTC-2:30"],
      },
      {
        zone: "Asia/Kolkata",
        begins: `${change.previous}T18:30:00.000Z`,
        ends: `${change.day}T18:30:00.000Z`,
        times: ["10:30:00 UTC+5:30", "09:30:00 UTC+5:30"],
      },
    ]) {
      const visitor = await logInAs(chromium, service, "operator", { timezoneId: zone });
      const { page } = visitor;
      await page.getByLabel("Window").selectOption("From … to …");
      await typeWindow(page, change.day, change.next);
      await page.getByRole("button", { name: "Apply" }).click();
      const { searchParams } = await urlWith(page, "until");
      expect([searchParams.get("since"), searchParams.get("until")]).toEqual([begins, ends]);
      await page.getByText(`${times.length} deliveries`, { exact: true }).waitFor();
      await expect.poll(() => rows(page).count(), WITHIN).toBe(times.length + 1);
      const links = page.locator("[data-row-link]");
      expect((await links.allTextContents()).map((time) => time.replace(/^.*, /, ""))).toEqual(times);
      // By keys, the time of the first one is shown in UTC too, and how long ago it was.
      await page.keyboard.press("j");
      const utc = zone === "Asia/Kolkata" ? "05:00:00 UTC · " : "03:29:59 UTC · ";
      await page.getByRole("tooltip").getByText(utc).waitFor();
      await picture(page, `deliveries-${zone.replace("/", "-")}`);
      const first = await links.first().textContent();
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "Facts" }).getByText(String(first), { exact: true }).waitFor();
      await closed(visitor);
    }
  });

  it("can be selected and acted on by nobody who only reads", async () => {
    interface Connection {
      id: string;
      name: string;
      roles: { samlGroup: string; role: string }[];
    }
    const { body } = await client.get<{ data: Connection[] }>("/v1/saml-connections");
    const trial = body.data.find(({ name }) => name === "Trial");
    if (!trial) throw new Error("There is no trial connection.");
    const address = `/v1/saml-connections/${trial.id}`;
    const roles = trial.roles.map((each) => (each.role === "operator" ? { ...each, role: "auditor" } : each));
    expect((await client.patch(address, { roles })).status).toBe(200);
    const visitor = await logInAs(chromium, service, "operator", { anew: true });
    const { page } = visitor;
    await expect.poll(() => rows(page).count(), WITHIN).toBe(51);
    expect(await page.getByLabel("Select all rows of this page").count()).toBe(0);
    expect((await client.patch(address, { roles: trial.roles })).status).toBe(200);
    await closed(visitor);
  });
});
