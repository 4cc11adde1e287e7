/** Notices by mail and into a chat channel, from the built service to the eyes of people in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../src/workers/engines/ports.js";
import { type ChatService, startChatService } from "../support/chat-service.js";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { mailParts, type MailParts } from "../support/mail-parts.js";
import { type MailServer, startMailServer } from "../support/mail-server.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { checked, checkedEverywhere, closed, logInAs, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write("test/e2e/notices.test.ts is skipped: there is no Chromium here (apt-get install chromium).\n");

const TYPE = "ledger.entry.booked";
const ADMIN = "admin@trial.example";
const CONTACT = "hooks@consumer.example";
/** In the language that this person chooses. */
const WAITS = /^Sealpost: Un abonnement attend votre approbation$/;

/** Echoes a challenge, and is gone for everything else. */
function answer(body: Buffer): { status: number; body?: string } {
  const challenge = /"challenge":"([\w-]+)"/.exec(body.toString())?.[1];
  return challenge === undefined ? { status: 410 } : { status: 200, body: challenge };
}

describe.skipIf(!there)("notices", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "sealpost-notices-"));
  let mail: MailServer;
  let chat: ChatService;
  let receiver: Receiver;
  let service: Service;
  let chromium: Browser;
  let admin: Client;
  let consumer: Client;
  let subscriptionId: string;

  beforeAll(async () => {
    [mail, chat, receiver] = await Promise.all([
      startMailServer(),
      startChatService(),
      startReceiver({ respond: ({ body }) => answer(body) }),
    ]);
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const port = await freePort();
    service = await startService({
      env: {
        SEALPOST_DEMO: "1",
        PORT: String(port),
        PUBLIC_URL: `http://127.0.0.1:${port}`,
        SMTP_URL: mail.url,
        SMTP_CA_FILE: file("mail-ca.pem", mail.ca),
        MAIL_FROM: "Sealpost <noreply@trial.example>",
        NODE_EXTRA_CA_CERTS: file("chat-ca.pem", chat.ca),
      },
    });
    chromium = await startChromium();
    admin = createClient(service.url, service.adminKey);
    const { body: groups } = await admin.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const group = groups.data[0];
    if (!group) throw new Error("The trial has no group.");
    const api = await admin.post<{ id: string }>("/v1/apis", { name: "ledger" });
    await admin.post("/v1/event-types", { name: TYPE, apiId: api.body.id });
    await admin.patch(`/v1/groups/${group.id}`, { grants: [...group.grants, api.body.id] });
    const key = await admin.post<{ key: string }>("/v1/api-keys", { name: "c", role: "consumer", groupId: group.id });
    consumer = createClient(service.url, key.body.key);
    const made = await consumer.post<{ id: string }>("/v1/subscriptions", {
      name: "Ledger <prod>",
      url: receiver.url,
      eventTypes: [TYPE],
      contacts: [CONTACT],
    });
    subscriptionId = made.body.id;
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await Promise.all([admin?.close(), consumer?.close()]);
    await service?.remove();
    await Promise.all([mail?.close(), chat?.close(), receiver?.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const act = async (name: string, by: Client, body?: unknown): Promise<void> => {
    const done = await by.post(`/v1/subscriptions/${subscriptionId}/${name}`, body);
    expect(done.status, JSON.stringify(done.body)).toBe(200);
  };
  const mailsTo = (address: string): MailParts[] =>
    mail.received.filter(({ to }) => to.includes(address)).map(({ raw }) => mailParts(raw));
  /** A digest may come as well, when an hour ends meanwhile. */
  const mailTo = async (address: string, subject: RegExp): Promise<MailParts> => {
    const found = () => mailsTo(address).find(({ headers }) => subject.test(headers.get("subject") ?? ""));
    await expect.poll(found, WITHIN).toBeDefined();
    return found() as MailParts;
  };
  const textsInChat = (): string[] => chat.messages("ledger").map(({ text }) => String(text));
  const metrics = async (): Promise<string> => (await admin.get<string>("/metrics")).body;

  it("go by mail to an admin who wants them, at once while an approval waits", async () => {
    const visitor = await logInAs(chromium, service, "admin", { path: "/portal/account" });
    const wanted = visitor.page.getByRole("checkbox", { name: `Send me notices by mail, to ${ADMIN}` });
    await wanted.click();
    await expect.poll(() => wanted.isChecked(), WITHIN).toBe(true);
    await visitor.page.getByText("All else comes in one mail an hour", { exact: false }).waitFor();
    const language = visitor.page.getByLabel("Language of the mail");
    await language.selectOption("Français");
    await expect.poll(() => language.isEnabled(), WITHIN).toBe(true);
    await visitor.page.reload();
    await expect.poll(() => language.inputValue(), WITHIN).toBe("fr");
    await checkedEverywhere(visitor.page, "account-mail");
    await act("verify", consumer);
    await act("submit", consumer, { reason: "we book <b>invoices</b>" });

    const { headers, text, html } = await mailTo(ADMIN, WAITS);
    expect(headers.get("from")).toBe("Sealpost <noreply@trial.example>");
    expect(text).toContain("Point de terminaison : Ledger <prod>");
    expect(text).toContain(`Ouvrir : ${service.url}/portal/requests`);
    expect(html).toContain("we book &lt;b&gt;invoices&lt;/b&gt;");

    // As a mail program shows it, and where its links lead.
    const page = await visitor.page.context().newPage();
    page.setDefaultTimeout(WITHIN.timeout);
    await page.setContent(html);
    // In the dark axe takes the page itself, which has no colour of its own, for white.
    await checked(page, "mail");
    await page.getByRole("link", { name: "Ouvrir" }).click();
    await page.getByText("Ledger <prod>").first().waitFor();
    await closed(visitor);
  });

  it("are set into a chat channel in the portal, and a test shows that it works", async () => {
    const path = `/portal/subscriptions/${subscriptionId}?tab=settings`;
    const visitor = await logInAs(chromium, service, "consumer", { path });
    const { page } = visitor;
    // It is saved after the channel, which is no conflict.
    await page.getByLabel("Language of notices to them").selectOption("Deutsch");
    const url = page.getByLabel("URL of the incoming webhook");
    await url.fill("http://hooks.slack.com/services/x");
    await page.getByText("The URL must begin with https://.").waitFor();
    // What cloud providers tell their own machines.
    await url.fill("https://169.254.169.254/services/x");
    await page.getByRole("button", { name: "Save the channel" }).click();
    await page.getByText("The host is not a public address.").waitFor();
    await checked(page, "chat-refused");
    // The browser itself tells of an answer that is a refusal.
    expect(visitor.complaints.splice(0)).toEqual([expect.stringContaining("422")]);
    await url.fill(chat.webhook("ledger"));
    await page.getByRole("button", { name: "Save the channel" }).click();
    await page.getByText("/…dger", { exact: false }).waitFor();
    expect(await page.content()).not.toContain("secret-of");
    await page.getByRole("button", { name: "Send a test", exact: true }).click();
    await page.getByText("Slack took the message. Look into the channel.").waitFor();
    expect(textsInChat()).toEqual([expect.stringContaining("Endpoint: Ledger &lt;prod&gt;")]);
    await page.getByRole("button", { name: "Save the changes" }).click();
    await page.getByText("Saved.").waitFor();
    await checkedEverywhere(page, "chat-channel");
    await closed(visitor);
  });

  it("stop after one click on the link to unsubscribe, and go on for contacts and the channel", async () => {
    const { headers } = await mailTo(ADMIN, WAITS);
    const link = /<(.*)>/.exec(headers.get("list-unsubscribe") ?? "")?.[1] ?? "";
    expect(headers.get("list-unsubscribe-post")).toBe("List-Unsubscribe=One-Click");
    const clicked = await fetch(link, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "List-Unsubscribe=One-Click",
    });
    expect(clicked.status).toBe(200);
    expect(await clicked.text()).toContain("This address gets no more notices by mail");
    const before = mailsTo(ADMIN).length;

    await act("approve", admin, { activate: true });
    const published = await admin.raw("/v1/events/" + TYPE, Buffer.from('{"amount":1}'), {
      "content-type": "application/json",
    });
    expect(published.status).toBe(202);
    const { text } = await mailTo(CONTACT, /^Sealpost: Ein Abonnement wurde deaktiviert/);
    expect(text).toContain("Endpunkt: Ledger <prod>");
    expect(text).toContain("Grund: HTTP 410: Der Endpunkt meldet, dass es ihn nicht mehr gibt.");
    const disabled = () => textsInChat().find((each) => each.includes("Ein Abonnement wurde deaktiviert"));
    await expect.poll(disabled, WITHIN).toContain(`<${service.url}/portal/subscriptions/${subscriptionId}|Öffnen>`);
    expect(textsInChat().join()).not.toContain("amount");
    await expect.poll(metrics, WITHIN).toMatch(/^sealpost_mail_total\{.*result="stopped".*\} [1-9]/m);
    expect(mailsTo(ADMIN)).toHaveLength(before);
    expect(await metrics()).toMatch(/^sealpost_chat_total\{.*result="sent".*\} [1-9]/m);
  });

  it("are switched off when the channel does not exist any more, and the page says so", async () => {
    chat.answer("ledger", { status: 404, body: "no_service" });
    const path = `/portal/subscriptions/${subscriptionId}?tab=settings`;
    const visitor = await logInAs(chromium, service, "consumer", { path });
    const { page } = visitor;
    await page.getByRole("button", { name: "Send a test", exact: true }).click();
    await page.getByText("The channel or its webhook does not exist any more (HTTP 404, no_service).").waitFor();
    await page.getByText("switched off, because the channel does not exist any more").waitFor();
    await checkedEverywhere(page, "chat-gone");
    await page.getByRole("button", { name: "Remove the channel" }).click();
    await page.getByLabel("URL of the incoming webhook").waitFor();
    await closed(visitor);
    expect(service.log()).not.toContain("secret-of");
  });
});
