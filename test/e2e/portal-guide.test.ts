/**
 * The guide for a new subscription in a real browser, off the straight way. It is begun in the middle, left, and gone
 * on with. Certificates are refused, and a key never leaves the service.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CertificateAuthority, createCertificateAuthority, signRequest } from "../support/certificates.js";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { keysOf } from "./by-keys.js";
import { checkedEverywhere, closed, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-guide.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

interface Stored {
  id: string;
  name: string;
  status: string;
  tls?: { hasClientKey: boolean; clientCert?: string; ca?: string };
}

const challengeIn = (body: Buffer): string => /"challenge":"([\w-]+)"/.exec(body.toString())?.[1] ?? "";

describe.skipIf(!there)("the guide for a new subscription", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let authority: CertificateAuthority;
  let receiver: Receiver;

  beforeAll(async () => {
    authority = await createCertificateAuthority({ commonName: "Acme authority" });
    const { cert, key } = await authority.issue();
    receiver = await startReceiver({
      tls: { cert, key, clientCa: authority.ca },
      respond: ({ body }) => ({ status: 200, body: challengeIn(body) }),
    });
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  const stored = async (name: string): Promise<Stored | undefined> =>
    (await client.get<{ data: Stored[] }>(`/v1/subscriptions?q=${name}`)).body.data[0];
  const step = (page: Page, name: string) => page.getByRole("heading", { level: 2, name }).waitFor();
  const PROTECTION = "How are deliveries proved and protected?";

  it("begins with the URL, looks at it at once, and goes on with a draft that was left", async () => {
    // Nothing was typed, so there is nothing to save with event types alone.
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/subscriptions/new?step=types" });
    const { page } = visitor;
    const keys = keysOf(page);
    await keys.begin();
    await step(page, "Where are deliveries sent?");
    await keys.write(page.getByLabel("URL of your endpoint"), receiver.url);
    await keys.reach(page.getByLabel("Name, if it should not be the host"));
    // Its authority is not a public one, and is given later.
    await page.getByText("Deliveries cannot be sent there yet.").waitFor();
    await page.getByText("TLS: good.").waitFor();
    await checkedEverywhere(page, "guide-looked");
    await page.getByLabel("Name, if it should not be the host").fill("Guided");
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await step(page, "Which events do you want?");
    await keys.check(page.getByRole("checkbox", { name: "demo.greeting.sent" }));
    await keys.press(page.getByRole("button", { name: "Save the draft" }));
    await keys.check(page.getByLabel("I have stored it"));
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await step(page, PROTECTION);

    // Back does not lead into the form that made it, but to the draft.
    await page.goBack();
    await step(page, "Where are deliveries sent?");
    await checkedEverywhere(page, "guide-drafts");
    await page.getByRole("link", { name: "Go on with Guided" }).click();
    await step(page, PROTECTION);
    // From its own page, where the first two steps are changed, the guide goes on too.
    await page.getByRole("link", { name: "Change its URL or its events" }).click();
    expect(await page.getByLabel("URL", { exact: true }).inputValue()).toBe(receiver.url);
    await page.getByRole("link", { name: "Go on in the guide" }).click();
    await step(page, PROTECTION);
    // The way back stands beside the way on, as in the steps after it.
    await page.getByRole("link", { name: "Back", exact: true }).click();
    expect(await page.getByLabel("URL", { exact: true }).inputValue()).toBe(receiver.url);
    await page.getByRole("link", { name: "Go on in the guide" }).click();
    await step(page, PROTECTION);
    expect((await client.get<{ data: Stored[] }>("/v1/subscriptions?status=draft")).body.data).toHaveLength(1);
    await closed(visitor);
  });

  it("takes a certificate for a key that stays here, then an authority, and goes on last", async () => {
    const draft = await stored("Guided");
    const path = `/portal/subscriptions/new?step=protection&id=${draft?.id ?? ""}`;
    const { page, complaints } = await logInAs(chromium, service, "consumer", { path });
    await page.getByLabel("Common name").fill("acme-sender");
    await page.getByRole("button", { name: "Make the key and the request" }).click();
    const request = await page.getByRole("region", { name: "Certificate request" }).textContent();
    const certificate = await signRequest(authority, request ?? "");
    await page.getByLabel("Certificate, then its intermediates (PEM)").fill(certificate);
    await page.getByRole("button", { name: "Use this certificate" }).click();
    await page.getByRole("status").getByText("The certificate is saved.").waitFor();
    await page.getByText("A client certificate is saved. It ends").waitFor();

    await page.getByText("Give a certificate with its key, or an authority").click();
    const upload = page.getByRole("form", { name: "Mutual TLS with your own key" });
    const ca = upload.getByLabel("Authority of your endpoint");
    const saved = page.getByText("Saved.", { exact: true });
    await ca.fill(authority.ca);
    await upload.getByRole("button", { name: "Check and save" }).click();
    await saved.waitFor();
    expect((await stored("Guided"))?.tls).toEqual({ hasClientKey: true, clientCert: certificate, ca: authority.ca });
    // What was said of the last time does not stand beside a refusal.
    await ca.fill(certificate);
    await upload.getByRole("button", { name: "Check and save" }).click();
    await upload.getByRole("alert").getByText("is not the certificate of one").waitFor();
    expect(await saved.count()).toBe(0);
    await upload.getByRole("alert").getByText("Correct what is named here, and try again.").waitFor();
    await picture(page, "guide-certificates");

    const goOn = page.getByRole("button", { name: "Go on" });
    expect(await goOn.evaluate((button) => button === [...document.querySelectorAll("main button")].at(-1))).toBe(true);
    await page.getByLabel(/^HMAC of Standard Webhooks/).uncheck();
    await page.getByLabel(/^Ed25519 of Standard Webhooks/).check();
    await goOn.click();
    await step(page, "Which of them, and how fast?");
    await goOn.click();
    await step(page, "Verify, and go live");
    // HMAC is off, so the programs are those for public keys.
    const language = page.getByLabel("Language");
    const programs = ["v1a in JavaScript", "v1a in Python"];
    await expect.poll(() => language.locator("option").allTextContents(), WITHIN).toEqual(programs);
    await page.getByRole("region", { name: "receiver-v1a.mjs" }).getByText("sealpost.verification").waitFor();
    await page.getByText(/^export JWKS_URL='http:.*\/jwks\/sub_\w+' WEBHOOK_URL='http/).waitFor();
    expect(await page.getByRole("button", { name: "I do not have the secret" }).count()).toBe(0);
    await checkedEverywhere(page, "guide-other-signatures");
    await page.getByRole("button", { name: "Verify", exact: true }).click();
    await page.getByRole("button", { name: /^Send the challenge/ }).click();
    await page.getByText("The endpoint answered with the challenge.").waitFor();
    expect(receiver.requests.at(-1)?.clientCertificate?.commonName).toBe("acme-sender");
    // Its own page says at the top when that certificate ends, and leads to it.
    await page.goto(`${service.url}/portal/subscriptions/${draft?.id ?? ""}`);
    const facts = page.getByRole("region", { name: "Facts" });
    await facts.getByText(/^\d+ days left$/).waitFor();
    await checkedEverywhere(page, "guide-certificate-end");
    await facts.getByRole("link", { name: "Look at the certificates" }).click();
    await page.getByRole("heading", { name: "Client certificate, as it is sent" }).waitFor();
    expect(complaints.filter((complaint) => !complaint.includes("422"))).toEqual([]);
    await page.context().close();
  });

  it("a subscription that takes events about subscriptions says that none is sent about itself", async () => {
    const { body: groups } = await client.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const [group] = groups.data;
    const type = "sealpost.subscription.failing";
    await client.patch(`/v1/groups/${group?.id ?? ""}`, { grants: [...(group?.grants ?? []), type] });
    const { body } = await client.post<Stored>("/v1/subscriptions", {
      groupId: group?.id,
      name: "Watcher",
      url: `${receiver.url}/watch`,
      eventTypes: [type],
    });
    const visitor = await logInAs(chromium, service, "consumer", { path: `/portal/subscriptions/${body.id}` });
    await visitor.page.getByText("So no such event is sent about itself.").waitFor(WITHIN);
    await closed(visitor);
  });
});
