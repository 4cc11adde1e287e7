/** Subscriptions in a real browser: found, read, tested, changed by two people, rotated, paused and deleted. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../support/certificates.js";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import {
  checked,
  checkedEverywhere,
  closed,
  logInAs,
  picture,
  reloadedUntil,
  type ShownSubscription,
  type Visitor,
  WITHIN,
} from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-subscriptions.test.ts is skipped: there is no Chromium here (apt-get install chromium).\n",
  );

const TYPES = ["ledger.entry.booked", "ledger.entry.reversed"] as const;
const TABS = ["Health", "Deliveries", "Settings", "Security"] as const;

describe.skipIf(!there)("subscriptions in the portal", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;
  let subscriptionId: string;

  beforeAll(async () => {
    receiver = await startReceiver();
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const { body: groups } = await client.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const group = groups.data[0];
    if (!group) throw new Error("The trial has no group.");
    const apiId = await made("/v1/apis", { name: "ledger" });
    for (const name of TYPES) await client.post("/v1/event-types", { name, apiId });
    await client.patch(`/v1/groups/${group.id}`, { grants: [...group.grants, apiId] });
    const body = { groupId: group.id, name: "Ledger prod", url: receiver.url, eventTypes: [TYPES[0]] };
    subscriptionId = await made("/v1/subscriptions", body);
    await client.post("/v1/subscriptions", { ...body, name: "Ledger old", url: `${receiver.url}/old` });
    const other = await made("/v1/groups", { name: "Other Bank", grants: [apiId] });
    await client.post("/v1/subscriptions", { ...body, groupId: other, name: "Not yours" });
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  const stored = async (): Promise<ShownSubscription> =>
    (await client.get<ShownSubscription>(`/v1/subscriptions/${subscriptionId}`)).body;
  const open = (person: string, tab = "", options = {}): Promise<Visitor> =>
    logInAs(chromium, service, person, { path: `/portal/subscriptions/${subscriptionId}${tab}`, ...options });
  const rows = (page: Page) => page.getByRole("table", { name: "Subscriptions" }).getByRole("row");

  it("have no fault of accessibility", async () => {
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/subscriptions" });
    const { page } = visitor;
    await page.getByRole("link", { name: "Ledger prod" }).waitFor();
    await expect.poll(() => page.getByText("Loading").count(), WITHIN).toBe(0);
    await checkedEverywhere(page, "subscriptions");
    await page.getByRole("link", { name: "Demo receiver" }).click();
    for (const tab of TABS) {
      await page
        .getByRole("navigation", { name: "Parts of the subscription" })
        .getByRole("link", { name: tab })
        .click();
      await expect.poll(() => page.locator("[aria-busy=true]").count(), WITHIN).toBe(0);
      await checkedEverywhere(page, `subscription-${tab.toLowerCase()}`);
    }
    await closed(visitor);
  });

  it("list what is a consumer's own, with status, health, protection and the certificate's end", async () => {
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/subscriptions" });
    const { page } = visitor;
    const demo = rows(page).filter({ hasText: "Demo receiver" });
    await demo.getByText("In service").waitFor();
    await demo.getByText("mTLS").waitFor();
    await demo.getByText(/\d days? left/).waitFor();
    await demo.getByText(/Healthy|Nothing sent/).waitFor();
    expect(await page.textContent("body")).not.toMatch(/Not yours|Other Bank/);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("navigation", { name: "Parts of the subscription" }).waitFor();
    await closed(visitor);
  });

  it("are narrowed by a group that stands in the address", async () => {
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/subscriptions" });
    const { page } = visitor;
    await page.getByRole("combobox", { name: "Group", exact: true }).selectOption("Other Bank");
    await expect.poll(() => rows(page).count(), WITHIN).toBe(2);
    expect(new URL(page.url()).searchParams.get("group")).toMatch(/^grp_/);
    await page.reload();
    await rows(page).filter({ hasText: "Not yours" }).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByLabel("Name, host or id").fill("ledger");
    await page.getByRole("button", { name: "Find" }).click();
    await expect.poll(() => rows(page).filter({ hasText: "Demo receiver" }).count(), WITHIN).toBe(0);
    await page.getByRole("combobox", { name: "Status" }).selectOption("In service");
    await expect.poll(() => new URL(page.url()).search, WITHIN).toBe("?q=ledger&status=active");
    await rows(page).filter({ hasText: "Ledger prod" }).waitFor();
    await page.getByRole("combobox", { name: "Certificate ends" }).selectOption("within 7 days");
    await page.getByRole("heading", { name: "No subscription matches" }).waitFor();
    await picture(page, "subscriptions-empty");
    expect(visitor.complaints).toEqual([]);
    await page.goto(`${service.url}/portal/subscriptions?cursor=forged`);
    await page.getByText("This list has moved on").waitFor();
    await page.context().close();
  });

  it("are tested: the event arrives, and its delivery is a link away", async () => {
    const visitor = await open("consumer");
    const { page } = visitor;
    await page.getByRole("button", { name: "Send a test event" }).click();
    const dialog = page.getByRole("alertdialog", { name: "Send a test event" });
    await dialog.getByRole("button", { name: "Send it to Ledger prod" }).click();
    await dialog.getByText("The test event is on its way.").waitFor();
    await receiver.waitFor(({ headers }) => headers["webhook-event-type"] === "sealpost.test", WITHIN.timeout);
    await dialog.getByRole("link", { name: "Look at the test delivery" }).click();
    await page.getByText("The endpoint accepted the event at the first attempt.").waitFor();
    // The list tells how its last day went. Counters are written some seconds later.
    await page.goto(`${service.url}/portal/subscriptions`);
    const ledger = rows(page).filter({ hasText: "Ledger prod" });
    await reloadedUntil(page, ledger.getByText("100% success rate"));
    await ledger.getByRole("img", { name: "Attempts by the hour: 1 in all, at most 1 in one hour" }).waitFor();
    await closed(visitor);
  });

  it("say before a change is saved what it brings, and two people do not write over each other", async () => {
    const visitor = await open("consumer", "?tab=settings");
    const { page } = visitor;
    await page.getByRole("checkbox", { name: TYPES[1] }).check();
    await page.getByText("The further event types wait for the provider. The present ones go on.").waitFor();
    await page.getByRole("textbox", { name: /^URL(?! of)/ }).fill(`${receiver.url}/new`);
    await page.getByText("Deliveries are held until the new endpoint is verified.").waitFor();
    await picture(page, "subscription-settings-effects");
    await page.getByRole("button", { name: "Discard the changes" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Ledger live");
    // What was typed survives a reload, as it does a new log-in.
    await page.reload();
    await expect.poll(() => page.getByRole("textbox", { name: "Name" }).inputValue(), WITHIN).toBe("Ledger live");
    await client.patch(`/v1/subscriptions/${subscriptionId}`, { rateLimit: { perSecond: 7, burst: 7 } });
    await page.getByRole("button", { name: "Save the changes" }).click();
    await page.getByText("Somebody else has changed this subscription meanwhile").waitFor();
    await page.getByText("none became 7").first().waitFor();
    await page
      .getByRole("alert")
      .getByText(/UTC\+1 changed by Admin: rateLimit/)
      .waitFor();
    await picture(page, "subscription-settings-overtaken");
    await page.getByRole("button", { name: "Keep both" }).click();
    await page.getByRole("button", { name: "Save the changes" }).click();
    await page.getByText("Saved.").waitFor();
    const after = await stored();
    expect([after.name, after.rateLimit?.perSecond]).toEqual(["Ledger live", 7]);
    // The first answer was 412, and the browser says so in its console.
    expect(visitor.complaints.filter((complaint) => !complaint.includes("412"))).toEqual([]);
    await page.context().close();
  });

  it("get a new secret that is shown once, and only left when it is stored", async () => {
    const visitor = await open("consumer", "?tab=security");
    const { page } = visitor;
    await page.getByRole("button", { name: "Rotate the secret" }).click();
    const dialog = page.getByRole("alertdialog", { name: "Rotate the signing secret" });
    await dialog.getByLabel("The earlier ones sign too for").selectOption("an hour");
    await dialog.getByRole("button", { name: "Make a new secret" }).click();
    const secret = (await dialog.locator("[data-secret]").textContent()) ?? "";
    expect(secret).toMatch(/^whsec_/);
    await picture(page, "subscription-secret");
    const go = dialog.getByRole("button", { name: "Close", exact: true }).last();
    expect(await go.isDisabled()).toBe(true);
    // Neither Escape nor a click beside it loses the only sight of it.
    await page.keyboard.press("Escape");
    await page.mouse.click(5, 5);
    expect(await dialog.locator("[data-secret]").textContent()).toBe(secret);
    await dialog.getByLabel("I have stored it").check();
    await go.click();
    await expect.poll(() => page.getByRole("alertdialog").count(), WITHIN).toBe(0);
    expect(await page.content()).not.toContain(secret);
    expect(await page.evaluate(() => JSON.stringify([sessionStorage, localStorage]))).not.toContain(secret);
    await expect.poll(() => page.getByText("signs now, without an end").count(), WITHIN).toBe(1);
    expect((await stored()).secrets).toHaveLength(2);
    await closed(visitor);
  });

  it("say in words what is wrong with a certificate, and take headers of one's own", async () => {
    const visitor = await open("consumer", "?tab=security");
    const { page } = visitor;
    await page.getByText("Give a certificate with its key, or an authority").click();
    const upload = page.getByRole("form", { name: "Mutual TLS with your own key" });
    const { ca } = await createCertificateAuthority();
    await upload
      .getByLabel("or a file with the client certificate")
      .setInputFiles({ name: "client.pem", mimeType: "application/x-pem-file", buffer: Buffer.from(ca) });
    await upload.getByRole("button", { name: "Check and save" }).click();
    await upload.getByRole("alert").getByText("A client certificate needs its private key").waitFor();
    await picture(page, "subscription-upload");
    expect((await stored()).tls).toBeUndefined();

    await page.getByText("Change signatures and authentication").click();
    const form = page.getByRole("form", { name: "Protection" });
    await form.getByRole("button", { name: "Add a header" }).click();
    await form.getByLabel("Name of header 1").fill("x-tenant");
    await form.getByLabel("Value of header 1").fill("acme");
    await picture(page, "subscription-headers");
    await form.getByRole("button", { name: "Save the changes" }).click();
    await page.getByText("Own headers: x-tenant").first().waitFor();
    expect((await stored()).headers).toEqual(["x-tenant"]);
    expect(visitor.complaints.filter((complaint) => !complaint.includes("422"))).toEqual([]);
    await page.context().close();
  });

  it("make a certificate request whose key stays in the service", async () => {
    const visitor = await open("consumer", "?tab=security");
    const { page } = visitor;
    await page.getByLabel("Common name").fill("acme-sender");
    await page.getByRole("button", { name: "Make the key and the request" }).click();
    await page.getByRole("region", { name: "Certificate request" }).getByText("BEGIN CERTIFICATE REQUEST").waitFor();
    await page.getByLabel("Certificate, then its intermediates (PEM)").fill("no certificate");
    await page.getByRole("button", { name: "Use this certificate" }).click();
    await page.getByRole("alert").getByText("tls_refused").waitFor();
    await picture(page, "subscription-csr");
    await page.context().close();
  });

  it("are paused and put into service again, with a reason on record", async () => {
    const visitor = await open("consumer");
    const { page } = visitor;
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByLabel("Reason, for the audit").fill("the ledger is closed tonight");
    await page.getByRole("button", { name: /^Pause Ledger/ }).click();
    await page.getByText("It is paused.").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).last().click();
    await page.getByRole("listitem").filter({ hasText: "closed tonight" }).getByText("Carl Consumer").waitFor();
    expect((await stored()).status).toBe("paused");
    await page.getByRole("button", { name: "Put into service" }).click();
    await page.getByRole("button", { name: /^Send to Ledger/ }).click();
    await page.getByText("It is in service.").waitFor();
    expect((await stored()).status).toBe("active");
    await closed(visitor);
  });

  it("tell an admin who did what, out of the audit", async () => {
    const admin = await open("admin", "?tab=history");
    await admin.page.getByRole("table", { name: "History" }).getByText("subscription.pause").waitFor();
    await picture(admin.page, "subscription-history");
    await closed(admin);
  });

  it("are paused together by an operator, who is told of each, and taken back", async () => {
    const visitor = await logInAs(chromium, service, "operator", { path: "/portal/subscriptions?q=Ledger" });
    const { page } = visitor;
    await page.getByLabel(/^Select Ledger (prod|live)$/).check();
    await page.getByLabel("Select Ledger old").check();
    await page.getByRole("button", { name: "Pause 2", exact: true }).click();
    const dialog = page.getByRole("alertdialog", { name: "Pause subscriptions" });
    await dialog.getByLabel("Reason").fill("the books are closed");
    await picture(page, "subscriptions-bulk");
    await dialog.getByRole("button", { name: "Pause 2 subscriptions" }).click();
    await dialog.getByText("2 subscriptions are paused.").waitFor();
    expect((await stored()).status).toBe("paused");
    await dialog.getByRole("button", { name: "Undo" }).click();
    await dialog.getByText("Taken back for 2 subscriptions.").waitFor();
    expect((await stored()).status).toBe("active");
    await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
    await checked(page, "subscriptions-operator");
    await closed(visitor);
  });

  it("are deleted once their name is typed", async () => {
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/subscriptions" });
    const { page } = visitor;
    await page.getByRole("link", { name: "Ledger old" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    const dialog = page.getByRole("alertdialog", { name: "Delete Ledger old" });
    const yes = dialog.getByRole("button", { name: "Delete Ledger old" });
    expect(await yes.isDisabled()).toBe(true);
    await dialog.getByLabel("Type Ledger old to go on").fill("Ledger old");
    await picture(page, "subscription-delete");
    await yes.click();
    await expect.poll(() => new URL(page.url()).pathname, WITHIN).toBe("/portal/subscriptions");
    await expect.poll(() => rows(page).filter({ hasText: "Ledger old" }).count(), WITHIN).toBe(0);
    await closed(visitor);
  });
});
