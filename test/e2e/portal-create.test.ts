/**
 * A consumer goes from an api that it does not have to its first delivery. It needs two real browsers, and no line of
 * curl.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { keysOf } from "./by-keys.js";
import { checkedEverywhere, closed, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-create.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const TYPE = "billing.invoice.paid";

/** Answers a verification with its challenge, as the receivers of the documentation do. */
function answer(body: Buffer): { status: number; body?: string } {
  const event: unknown = JSON.parse(body.toString());
  const challenge = /"challenge":"([\w-]+)"/.exec(JSON.stringify(event))?.[1];
  return challenge === undefined ? { status: 204 } : { status: 200, body: challenge };
}

describe.skipIf(!there)("a consumer and a provider in the portal", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let receiver: Receiver;

  beforeAll(async () => {
    receiver = await startReceiver({ respond: ({ body }) => answer(body) });
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const { body: api } = await client.post<{ id: string }>("/v1/apis", {
      name: "Billing",
      description: "Invoices and what becomes of them.",
      listed: true,
    });
    await client.post("/v1/event-types", {
      name: TYPE,
      apiId: api.id,
      description: "An invoice was paid in full.",
      schema: { type: "object", required: ["amount"], properties: { amount: { type: "number", minimum: 0 } } },
      examples: [{ amount: 12.5 }, { amount: 5_000 }],
    });
    await client.patch(`/v1/event-types/${TYPE}`, {
      schema: {
        type: "object",
        required: ["amount"],
        properties: {
          amount: { type: "number", minimum: 0 },
          payer: { type: "object", properties: { iban: { type: "string", maxLength: 34 } } },
        },
      },
    });
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  const step = (page: Page, name: string) => page.getByRole("heading", { level: 2, name }).waitFor();

  it("go from the catalogue to the first delivery", async () => {
    const consumer = await logInAs(chromium, service, "consumer", { path: "/portal/catalogue" });
    const admin = await logInAs(chromium, service, "admin", { path: "/portal/requests" });
    const { page } = consumer;
    const keys = keysOf(page);
    await keys.begin();
    const theirs = keysOf(admin.page);

    // The api is found, and asked for.
    await page.getByText("Your group does not have all of it.").first().waitFor();
    await picture(page, "catalogue");
    await keys.press(page.getByRole("button", { name: "Ask for Billing" }));
    await keys.write(page.getByLabel("Why you need it, which the provider reads"), "we book invoices");
    await keys.press(page.getByRole("button", { name: "Ask for it", exact: true }));
    await page.getByText("The provider has your request.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("You have asked for it. The provider has not answered yet.").waitFor();

    // The provider reads why, and grants it.
    await admin.page.reload();
    await theirs.begin();
    await admin.page.getByText("we book invoices").waitFor();
    await picture(admin.page, "requests");
    await theirs.press(admin.page.getByRole("button", { name: "Approve", exact: true }));
    await theirs.press(admin.page.getByRole("button", { name: /^Give .* the grant$/ }));
    await admin.page.getByText("No request has this status.").waitFor();

    // The consumer reads what it means, and subscribes.
    await page.reload();
    await keys.begin();
    await keys.press(page.getByRole("link", { name: TYPE }));
    await page.getByRole("row", { name: /iban/ }).waitFor();
    await page.getByText("Added payer.iban", { exact: false }).waitFor();
    await picture(page, "event-type");
    await keys.press(page.getByRole("link", { name: "Subscribe to it" }));

    await step(page, "Where are deliveries sent?");
    await keys.write(page.getByLabel("URL of your endpoint"), receiver.url);
    await keys.press(page.getByRole("button", { name: "Look at the address" }));
    await page.getByText("Deliveries can be sent there.").waitFor();
    await keys.write(page.getByLabel("Name, if it should not be the host"), "Books");
    await picture(page, "create-address");
    await keys.press(page.getByRole("button", { name: "Go on" }));

    await step(page, "Which events do you want?");
    expect(await page.getByRole("checkbox", { name: TYPE }).isChecked()).toBe(true);
    await keys.press(page.getByText(`What ${TYPE} looks like`));
    await picture(page, "create-types");
    await keys.press(page.getByRole("button", { name: "Save the draft" }));
    const secret = (await page.locator("[data-secret]").textContent()) ?? "";
    expect(secret).toMatch(/^whsec_/);
    await picture(page, "create-secret");
    await keys.check(page.getByLabel("I have stored it"));
    await keys.press(page.getByRole("button", { name: "Go on" }));

    await step(page, "How are deliveries proved and protected?");
    expect(await page.content()).not.toContain(secret);
    await keys.choose(page.getByRole("combobox", { name: "Method" }), "Basic (name and password)");
    await keys.write(page.getByLabel("User name"), "sealpost");
    await keys.write(page.locator("input[type=password]"), "correct horse");
    await picture(page, "create-protection");
    await keys.press(page.getByRole("button", { name: "Go on" }));

    await step(page, "Which of them, and how fast?");
    const filter = page.getByLabel("Only events for which this CEL expression is true");
    await keys.write(filter, "data.amount >");
    await page.getByText(/^line 1, column/).waitFor();
    await keys.write(filter, "data.amount > 100");
    await page.getByText("left out").waitFor();
    expect(await page.getByText("delivered", { exact: true }).count()).toBe(1);
    await keys.write(page.getByLabel("Requests a second"), "100");
    await keys.write(page.getByLabel("At once after a quiet time"), "100");
    await page.getByText("When 10,000 events come at once").waitFor();
    await picture(page, "create-filter");
    // A reload loses nothing of it.
    await page.reload();
    await keys.begin();
    await expect.poll(() => filter.inputValue(), WITHIN).toBe("data.amount > 100");
    await keys.press(page.getByRole("button", { name: "Go on" }));

    await step(page, "Verify, and go live");
    await keys.choose(page.getByLabel("Language"), "Python");
    await page.getByRole("region", { name: "receiver.py" }).getByText("sealpost.verification").waitFor();
    await picture(page, "create-finish");
    await keys.press(page.getByRole("button", { name: "Verify", exact: true }));
    await keys.press(page.getByRole("button", { name: "Send the challenge to Books" }));
    await page.getByText("The endpoint answered with the challenge.").waitFor();
    await keys.press(page.getByRole("button", { name: "Close", exact: true }).last());
    await keys.press(page.getByRole("button", { name: "Submit", exact: true }));
    await keys.write(page.getByLabel("Reason, for the audit"), "the ledger moves in May");
    await keys.press(page.getByRole("button", { name: "Submit Books" }));
    await page.getByText("It is submitted.").waitFor();
    await keys.press(page.getByRole("button", { name: "Close", exact: true }).last());
    await page.getByText("The provider has to approve it.").waitFor();

    // The provider sees what it is about, and approves.
    await admin.page.reload();
    await theirs.begin();
    await admin.page.getByText(`New: ${TYPE}`).waitFor();
    await admin.page.getByText("the ledger moves in May").waitFor();
    await picture(admin.page, "requests-submitted");
    await theirs.press(admin.page.getByRole("button", { name: "Approve Books" }));
    await theirs.press(admin.page.getByRole("alertdialog").getByRole("button", { name: "Approve Books" }));
    await admin.page.getByText("It is approved.").waitFor();

    await page.reload();
    await keys.begin();
    await keys.press(page.getByRole("button", { name: "Put into service" }));
    await keys.press(page.getByRole("button", { name: "Send to Books" }));
    await page.getByText("It is in service.").waitFor();
    await keys.press(page.getByRole("button", { name: "Close", exact: true }).last());
    await keys.press(page.getByRole("link", { name: "Watch the deliveries" }));

    await client.post("/v1/events", [
      { type: TYPE, data: { amount: 5 } },
      { type: TYPE, data: { amount: 4_711 } },
    ]);
    const [delivered] = (
      await receiver.waitFor(({ headers }) => headers["webhook-event-type"] === TYPE, 60_000)
    ).filter(({ headers }) => headers["webhook-event-type"] === TYPE);
    expect(delivered?.body.toString()).toContain("4711");
    expect(delivered?.headers["authorization"]).toMatch(/^Basic /);
    await keys.press(page.getByRole("button", { name: "1 new, show" }));
    await page.getByRole("table", { name: "Deliveries" }).getByText("Delivered").first().waitFor();
    await picture(page, "create-first-delivery");
    expect([...consumer.complaints, ...admin.complaints].filter((each) => !each.includes("422"))).toEqual([]);
    await page.context().close();
    await admin.page.context().close();
  });

  it("the consumer reads who did what, and of the provider the role alone", async () => {
    const { body } = await client.get<{ data: { id: string; name: string }[] }>("/v1/subscriptions?q=Books");
    const path = `/portal/subscriptions/${body.data[0]?.id ?? ""}?tab=history`;
    const visitor = await logInAs(chromium, service, "consumer", { path });
    const history = visitor.page.getByRole("region", { name: "History" });
    const said = (words: RegExp) => history.getByRole("listitem").filter({ hasText: words }).first().waitFor();
    await said(/created by \S+ Consumer \(Consumer\)/);
    await said(/changed by \S+ Consumer \(Consumer\): filter, rateLimit/);
    await said(/approved by Provider$|approved by Admin$/);
    await said(/put into service by \S+ Consumer \(Consumer\)/);
    await checkedEverywhere(visitor.page, "subscription-told");
    await closed(visitor);
  });

  it("nobody approves what they asked for themselves", async () => {
    const { page, complaints } = await logInAs(chromium, service, "admin", { path: "/portal/subscriptions/new" });
    const keys = keysOf(page);
    await keys.begin();
    await keys.write(page.getByLabel("URL of your endpoint"), `${receiver.url}/own`);
    const groups = page.getByRole("main").getByRole("combobox", { name: "Group" });
    if ((await groups.count()) > 0) await keys.choose(groups, "Demo consumers");
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await keys.check(page.getByRole("checkbox", { name: TYPE }));
    await keys.press(page.getByRole("button", { name: "Save the draft" }));
    await keys.check(page.getByLabel("I have stored it"));
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await step(page, "How are deliveries proved and protected?");
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await step(page, "Which of them, and how fast?");
    await keys.press(page.getByRole("button", { name: "Go on" }));
    await step(page, "Verify, and go live");
    for (const [act, yes] of [
      ["Verify", /^Send the challenge/],
      ["Submit", /^Submit 127/],
    ] as const) {
      await keys.press(page.getByRole("button", { name: act, exact: true }));
      await keys.press(page.getByRole("alertdialog").getByRole("button", { name: yes }));
      await page.getByRole("alertdialog").getByRole("status").waitFor();
      await keys.press(page.getByRole("button", { name: "Close", exact: true }).last());
    }
    await keys.press(page.getByRole("link", { name: "Requests" }));
    await page.getByText("Somebody else has to decide about it.").waitFor();
    expect(await page.getByRole("button", { name: /^Approve 127/ }).count()).toBe(0);
    await picture(page, "requests-own");
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
