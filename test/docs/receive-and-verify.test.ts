/**
 * Runs the receivers of docs/how-to/receive-and-verify.md by the page's own commands and sends them real deliveries:
 * genuine, forged and old ones.
 */
import { afterAll, describe, expect, it } from "vitest";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createSender } from "../../src/endpoint/send.js";
import { verifyByChallenge } from "../../src/endpoint/verify.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import type { Subscription } from "../../src/store/model.js";
import { type PageProgram, receiversOfPage, WITHIN_MS } from "../support/page-receivers.js";

/** Language on the page → the programs that it needs, and the headings' files. */
const LANGUAGES: Readonly<Record<string, PageProgram>> = {
  javascript: { programs: ["node", "npm"], files: ["receiver.mjs"] },
  python: { programs: ["python3"], files: ["receiver.py"] },
  go: { programs: ["go"], files: ["receiver.go"] },
  java: { programs: ["java", "mvn"], files: ["Receiver.java"] },
  csharp: { programs: ["dotnet"], files: ["Receiver.csproj", "Program.cs"] },
  php: { programs: ["php", "composer"], files: ["receiver.php"] },
  rust: { programs: ["cargo"], files: ["receiver.rs"] },
  ruby: { programs: ["ruby", "gem"], files: ["receiver.rb"] },
};

const receivers = receiversOfPage("receive-and-verify.md", LANGUAGES);
const sender = createSender({ guard: createGuard({ allowLocal: true }) });
const request = createEndpointRequest({ sender, version: "0" });

afterAll(async () => {
  receivers.close();
  await sender.close();
});

const subscriptionTo = (url: string, ...secrets: string[]): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url,
  eventTypes: ["payments.invoice.paid"],
  secrets: secrets.map((secret) => ({ secret, createdAt: new Date() })),
  status: "active",
  createdAt: new Date(),
  updatedAt: new Date(),
  retry: { timeoutMs: 60_000 },
});

/** Status of the answer to a delivery that was signed at this instant. */
async function deliver(url: string, secrets: string[], at = new Date()): Promise<number> {
  const event = {
    id: "order:4711",
    type: "payments.invoice.paid",
    contentType: "application/json",
    bytes: Buffer.from('{"total":"12.50","payee":"Café Ελλάς"}'),
  };
  const { exchange } = await request({ event, subscription: subscriptionTo(url, ...secrets), number: 1 }, at);
  if (exchange.kind === "failure") throw new Error(`No answer: ${exchange.error}`);
  return exchange.status;
}

describe("the page", () => {
  it("has a program and commands for each language", () => {
    expect(receivers.names).toEqual(
      Object.entries(LANGUAGES)
        .flatMap(([language, { files }]) => [language, ...files])
        .sort(),
    );
  });
});

describe.each(Object.keys(LANGUAGES))("the receiver in %s", (language) => {
  it("takes what is genuine and refuses what is forged or old", { timeout: 2 * WITHIN_MS }, async (context) => {
    const secret = newSigningSecret();
    const url = await receivers.start(context, language, () => ({ WEBHOOK_SECRET: secret }));
    if (url === undefined) return;
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    expect(await deliver(url, [secret]), "genuine").toBe(204);
    expect(await deliver(url, [newSigningSecret(), secret]), "while the secret is rotated").toBe(204);
    expect(await deliver(url, [newSigningSecret()]), "of another secret").toBe(400);
    expect(await deliver(url, [secret], minutesAgo(10)), "ten minutes old").toBe(400);
    expect(await deliver(url, [secret], minutesAgo(-10)), "ten minutes ahead").toBe(400);
    expect((await fetch(url, { method: "POST", body: "{}" })).status, "without a signature").toBe(400);
    expect(await verifyByChallenge(request, subscriptionTo(url, secret)), "verification").toEqual({ ok: true });
    expect(await deliver(url, [secret]), "and goes on").toBe(204);
  });
});
