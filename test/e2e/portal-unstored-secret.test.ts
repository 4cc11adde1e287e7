/** A page that shows a secret this once, left before the secret was stored: the person is asked first. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checkedEverywhere, closed, logInAs, picture, type Visitor, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-unstored-secret.test.ts is skipped: there is no Chromium here (apt-get install chromium).\n",
  );

const TYPE = "demo.greeting.sent";
const question = (page: Page) => page.getByRole("alertdialog", { name: "The secret is not stored yet" });
const secretOf = (page: Page) => page.locator("[data-secret]");

/** What the browser itself asks before this. The person stays. */
async function askedBefore(page: Page, act: () => Promise<unknown>): Promise<string> {
  const asked = page.waitForEvent("dialog");
  void act();
  const dialog = await asked;
  await dialog.dismiss();
  return dialog.type();
}

/** What the browser asks from now on. Each question is answered with yes. */
function questionsOf(page: Page): string[] {
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  return asked;
}

describe.skipIf(!there)("a secret that is not stored yet", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;
  let subscriptionId: string;

  beforeAll(async () => {
    receiver = await startReceiver();
    service = await startService({ env: { SEALPOST_DEMO: "quiet" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const { body } = await client.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const made = await client.post<{ id: string }>("/v1/subscriptions", {
      groupId: body.data[0]?.id,
      name: "Ledger prod",
      url: receiver.url,
      eventTypes: [TYPE],
    });
    subscriptionId = made.body.id;
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  /** A draft was saved in the guide, and its secret is shown. */
  async function saveDraft(options: { anew?: true } = {}): Promise<Visitor> {
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/deliveries", ...options });
    const { page } = visitor;
    const role = page.getByRole("combobox", { name: "Act as" });
    if (options.anew) await role.selectOption("Consumer");
    await page.goto(`${service.url}/portal/subscriptions/new`);
    await page.getByLabel("URL of your endpoint").fill(`${receiver.url}/draft`);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("checkbox", { name: TYPE }).check();
    await page.getByRole("button", { name: "Save the draft" }).click();
    await secretOf(page).waitFor();
    return visitor;
  }
  /** The signing secret was rotated on the subscription's own page. */
  async function rotate(): Promise<Visitor> {
    const visitor = await logInAs(chromium, service, "consumer", {
      path: `/portal/subscriptions/${subscriptionId}`,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const { page } = visitor;
    await page
      .getByRole("navigation", { name: "Parts of the subscription" })
      .getByRole("link", { name: "Security" })
      .click();
    await page.getByRole("button", { name: "Rotate the secret" }).click();
    await page.getByRole("button", { name: "Make a new secret" }).click();
    await secretOf(page).waitFor();
    return visitor;
  }

  it("stays in the guide until the person says that it may be lost, or has left by no way at all", async () => {
    const visitor = await saveDraft();
    const { page } = visitor;
    const secret = (await secretOf(page).textContent()) ?? "";
    const address = page.url();

    await page.getByRole("link", { name: "Deliveries", exact: true }).click();
    await question(page).waitFor();
    await checkedEverywhere(page, "secret-unstored");
    await question(page).getByRole("button", { name: "Stay here" }).click();
    await page.goBack();
    await question(page).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => question(page).count(), WITHIN).toBe(0);
    await expect.poll(() => page.url(), WITHIN).toBe(address);
    expect(await askedBefore(page, () => page.evaluate(() => window.location.reload()))).toBe("beforeunload");
    expect(await askedBefore(page, () => page.close({ runBeforeUnload: true }))).toBe("beforeunload");
    expect(await secretOf(page).textContent()).toBe(secret);

    // A tool of the frame leaves the page as it is.
    await page.getByRole("combobox", { name: "Times in" }).selectOption("UTC");
    expect(await question(page).count()).toBe(0);
    expect(await secretOf(page).textContent()).toBe(secret);

    await page.getByRole("link", { name: "Deliveries", exact: true }).click();
    await question(page).getByRole("button", { name: "Leave without it" }).click();
    await page.waitForURL(({ pathname }) => pathname === "/portal/deliveries");
    expect(await page.content()).not.toContain(secret);

    // What was typed made the draft. Typed anew it would make another one.
    await page.goto(`${service.url}/portal/subscriptions/new`);
    await page.getByRole("link", { name: /^Go on with 127/ }).waitFor();
    expect(await page.getByLabel("URL of your endpoint").inputValue()).toBe("");
    await closed(visitor);
  });

  it("stays in the dialog of a rotation, over which the question stands", async () => {
    const visitor = await rotate();
    const { page } = visitor;
    const secret = (await secretOf(page).textContent()) ?? "";
    await page.goBack();
    await question(page).waitFor();
    await picture(page, "secret-unstored-rotation");
    await question(page).getByRole("button", { name: "Stay here" }).click();
    await expect.poll(() => page.url(), WITHIN).toContain("tab=security");
    expect(await secretOf(page).textContent()).toBe(secret);
    await page.goBack();
    await question(page).getByRole("button", { name: "Leave without it" }).click();
    await expect.poll(() => page.getByRole("alertdialog").count(), WITHIN).toBe(0);
    expect(page.url()).not.toContain("tab=security");
    expect(await page.content()).not.toContain(secret);
    await closed(visitor);
  });

  it.each([
    ["copied", "button", "Copy the secret"],
    ["downloaded", "button", "Download"],
    ["said to be stored", "checkbox", "I have stored it"],
  ] as const)("is asked about no more once it is %s", async (_how, role, name) => {
    const visitor = await rotate();
    const { page } = visitor;
    const asked = questionsOf(page);
    await page.getByRole(role, { name }).click();
    if (name === "Copy the secret") await page.getByText("Copied").waitFor();
    await page.goBack();
    await expect.poll(() => page.getByRole("alertdialog").count(), WITHIN).toBe(0);
    expect(page.url()).not.toContain("tab=security");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Ledger prod" }).waitFor();
    expect(asked).toEqual([]);
    await closed(visitor);
  });

  it("is asked about still when it could not be copied, and when the tick is taken back", async () => {
    const visitor = await saveDraft();
    const { page } = visitor;
    await page.getByRole("button", { name: "Copy the secret" }).click();
    await page.getByText("The browser did not let the page copy.").waitFor();
    await page.getByLabel("I have stored it").check();
    await page.getByLabel("I have stored it").uncheck();
    await page.getByRole("link", { name: "Deliveries", exact: true }).click();
    await question(page).waitFor();
    await closed(visitor);
  });

  it("is asked about before another role takes its page away", async () => {
    // The group makes its people consumers. So they are operators too.
    const roles = [{ samlGroup: "trial-consumers", role: "operator" }];
    const { body } = await client.get<{ data: { id: string; roles: object[] }[] }>("/v1/saml-connections");
    const [trial] = body.data;
    await client.patch(`/v1/saml-connections/${trial?.id ?? ""}`, { roles: [...(trial?.roles ?? []), ...roles] });
    const visitor = await saveDraft({ anew: true });
    const { page } = visitor;
    const role = page.getByRole("combobox", { name: "Act as" });
    const secret = (await secretOf(page).textContent()) ?? "";
    await role.selectOption("Operator");
    await question(page).getByRole("button", { name: "Stay here" }).click();
    expect(await secretOf(page).textContent()).toBe(secret);
    expect(await role.inputValue()).toBe("consumer");
    await role.selectOption("Operator");
    await question(page).getByRole("button", { name: "Leave without it" }).click();
    await page.getByRole("status").filter({ hasText: "You act as Operator" }).waitFor();
    expect(await page.content()).not.toContain(secret);
    await closed(visitor);
  });
});
