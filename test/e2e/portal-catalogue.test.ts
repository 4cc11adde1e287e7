/** Catalogue, event type, requests and the steps of a new subscription: axe in light and dark, at three widths. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Service, startService } from "../support/service.js";
import { keysOf } from "./by-keys.js";
import { checked, checkedEverywhere, closed, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-catalogue.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const TYPE = "billing.invoice.paid";
const NEW = "billing.invoice.refused";
const DEPRECATED = "billing.invoice.settled";
const MADE = "billing.invoice.made";

describe.skipIf(!there)("the screens of the catalogue", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let draft: string;

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const { body: groups } = await client.get<{ data: { id: string; grants: string[] }[] }>("/v1/groups");
    const group = groups.data[0];
    if (!group) throw new Error("The trial has no group.");
    const apiId = await made("/v1/apis", { name: "Billing", description: "Invoices.", listed: true });
    const money = { type: "object", required: ["amount"], properties: { amount: { type: "number", minimum: 0 } } };
    await client.post("/v1/event-types", { name: TYPE, apiId, schema: money, examples: [{ amount: 12.5 }] });
    await client.post("/v1/event-types", { name: DEPRECATED, apiId });
    const deprecation = { at: new Date().toISOString(), replacedBy: TYPE, note: "Two names for one thing." };
    await client.patch(`/v1/event-types/${DEPRECATED}`, { deprecation });
    const properties = { ...money.properties, payer: { type: "object", properties: { iban: { type: "string" } } } };
    await client.patch(`/v1/event-types/${TYPE}`, { schema: { ...money, properties } });
    await client.patch(`/v1/groups/${group.id}`, { grants: [...group.grants, TYPE, DEPRECATED] });
    await client.post("/v1/grant-requests", { groupId: group.id, grant: apiId, reason: "All of it, please." });
    draft = await made("/v1/subscriptions", {
      groupId: group.id,
      url: "http://127.0.0.1:9/hook",
      name: "Books",
      eventTypes: [TYPE],
      initialStatus: "draft",
    });
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
  });

  it("have no fault of accessibility", async () => {
    const { page, complaints } = await logInAs(chromium, service, "consumer", { path: "/portal/catalogue" });
    await page.getByText("You have asked for it.").waitFor();
    await page.getByRole("link", { name: DEPRECATED }).waitFor();
    await checkedEverywhere(page, "catalogue");
    await page.getByLabel("Name or description").fill("settled");
    await page.getByRole("button", { name: "Find" }).click();
    await expect.poll(() => page.getByRole("link", { name: TYPE, exact: true }).count(), WITHIN).toBe(0);
    await page.getByRole("link", { name: DEPRECATED }).click();
    await page.getByText("Two names for one thing.").waitFor();
    await page.getByRole("link", { name: TYPE }).click();
    await page.getByText("Added payer.iban", { exact: false }).waitFor();
    const own = page.getByRole("region", { name: "Your endpoints that receive it" });
    await own
      .getByRole("listitem")
      .filter({ hasText: /Books.*Draft/ })
      .waitFor();
    await checkedEverywhere(page, "event-type");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("say of a grant only what is known", async () => {
    const visitor = await logInAs(chromium, service, "consumer", { path: "/portal/account" });
    const { page } = visitor;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(/\/v1\/groups/, (route) => held.then(() => route.continue()));
    await page.goto(`${service.url}/portal/catalogue`);
    await page.getByRole("link", { name: DEPRECATED }).waitFor();
    expect(await page.getByText(/Your group (has|does not have)/).count()).toBe(0);
    release();
    await page.getByText("Your group has it.").waitFor();
    await closed(visitor);
  });

  it("let who publishes edit a type: the difference is shown, and what another one saved meanwhile", async () => {
    const visitor = await logInAs(chromium, service, "admin", { path: `/portal/catalogue/${DEPRECATED}` });
    const { page } = visitor;
    await page.getByText("No endpoint that you see subscribes to it.").waitFor();
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Description" }).fill("An invoice was settled.");
    const schema = page.getByRole("textbox", { name: "JSON Schema of the payload" });
    await schema.fill("{");
    await page.getByText("This is no valid JSON.").waitFor();
    expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
    await schema.fill('{ "type": "object", "properties": { "amount": { "type": "number" } } }');
    const difference = page.getByRole("region", { name: "What you change" });
    await difference.getByText("The schema becomes version 2.", { exact: false }).waitFor();
    await difference.getByText("Added amount: number").waitFor();
    await page.getByRole("button", { name: "Add an example" }).click();
    await page.getByRole("textbox", { name: "Example 1, as JSON" }).fill('{ "amount": 3 }');
    await difference.getByText("1 example").waitFor();
    await checkedEverywhere(page, "type-edit");
    const theirs = { description: "Somebody else's words." };
    expect((await client.patch(`/v1/event-types/${DEPRECATED}`, theirs)).status).toBe(200);
    await page.getByRole("button", { name: "Save" }).click();
    const overtaken = page.getByRole("alert").filter({ hasText: "Somebody else has changed this event type" });
    await overtaken.getByText("Somebody else's words.").waitFor();
    await checked(page, "type-overtaken");
    await overtaken.getByRole("button", { name: "Keep both: put my changes on top" }).click();
    await difference.getByText("Somebody else's words.").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: DEPRECATED, exact: true }).waitFor();
    await page.getByText("An invoice was settled.").waitFor();
    const { body } = await client.get<{ version: number; deprecation: object }>(`/v1/event-types/${DEPRECATED}`);
    expect(body).toMatchObject({ version: 2, deprecation: { replacedBy: TYPE, note: "Two names for one thing." } });
    // The browser itself tells of the answer 412, as of every refusal.
    expect(visitor.complaints.filter((text) => !text.includes("412"))).toEqual([]);
    await page.context().close();
  });

  it("let who publishes make a type by keys alone: what is wrong is said at its field", async () => {
    const visitor = await logInAs(chromium, service, "admin", { path: "/portal/catalogue" });
    const { page } = visitor;
    const keys = keysOf(page);
    await keys.begin();
    await keys.press(page.getByRole("link", { name: "New event type of Billing" }));
    await page.getByRole("heading", { level: 1, name: "New event type" }).waitFor();
    expect(await page.locator("nav [aria-current=page]").textContent()).toBe("Catalogue");
    await expect
      .poll(() => page.getByRole("combobox", { name: "Api", exact: true }).inputValue(), WITHIN)
      .toMatch(/^api_/);
    const create = page.getByRole("button", { name: "Create the event type" });
    const name = page.getByRole("textbox", { name: "Name", exact: true });
    const schema = page.getByRole("textbox", { name: "JSON Schema of the payload" });
    const example = page.getByRole("textbox", { name: "Example 1, as JSON" });
    const saved = async () => (await client.get(`/v1/event-types/${MADE}`)).status;
    await keys.write(name, "billing..made");
    await page.getByText("This is no name of an event type.").waitFor();
    await keys.write(name, TYPE);
    await keys.write(page.getByRole("textbox", { name: "Description" }), "An invoice was made.");
    await keys.write(schema, '{ "type" "object" }');
    await page.getByText("This is no valid JSON. See line 1, column 10.").waitFor();
    expect(await create.isDisabled()).toBe(true);
    const wrong = { type: "object", properties: { amount: { type: "money" } }, required: ["amount"] };
    await keys.write(schema, JSON.stringify(wrong));
    await keys.write(example, '{ "amount": "12.5" }');
    await keys.press(create);
    // The name is looked at first, then the schema, then the examples.
    await page.getByRole("alert").filter({ hasText: "name_taken" }).waitFor();
    await keys.write(name, MADE);
    await keys.press(create);
    await page.getByRole("alert").filter({ hasText: "schema_refused" }).waitFor();
    await page
      .getByRole("listitem")
      .filter({ hasText: /^Line \d+: schema.*amount/ })
      .first()
      .waitFor();
    await checkedEverywhere(page, "type-new");
    await keys.write(schema, JSON.stringify({ ...wrong, properties: { amount: { type: "number" } } }));
    await expect.poll(() => page.getByRole("alert").count(), WITHIN).toBe(0);
    await keys.press(create);
    await page
      .getByRole("listitem")
      .filter({ hasText: /^Line \d+: examples\[0\].*amount/ })
      .waitFor();
    await picture(page, "type-new-example");
    expect(await saved()).toBe(404);
    // What was typed is still there after a load.
    await page.reload();
    await keys.begin();
    await expect.poll(() => example.inputValue(), WITHIN).toContain("12.5");
    await keys.write(example, '{ "amount": 12.5 }');
    await keys.press(create);
    await page.getByRole("heading", { level: 1, name: MADE, exact: true }).waitFor();
    await page.getByText("An invoice was made.").waitFor();
    expect(await saved()).toBe(200);
    await page.goto(`${service.url}/portal/new-event-type`);
    await expect.poll(() => name.inputValue(), WITHIN).toBe("");
    expect(visitor.complaints.filter((text) => !/409|422/.test(text))).toEqual([]);
    await page.context().close();
  });

  it("let who publishes import a document: first what would change, and then nothing else than that", async () => {
    const visitor = await logInAs(chromium, service, "admin", { path: "/portal/catalogue" });
    const { page } = visitor;
    await page.getByRole("link", { name: "Import event types of Billing" }).click();
    await page.getByRole("heading", { level: 1, name: "Import event types" }).waitFor();
    const webhook = (description: string, schema: object) => ({
      post: { description, requestBody: { content: { "application/json": { schema } } }, responses: {} },
    });
    const money = { type: "object", required: ["amount"], properties: { amount: { type: "number", minimum: 1 } } };
    const document = {
      openapi: "3.1.0",
      info: { title: "Billing", version: "1" },
      webhooks: {
        [TYPE]: webhook("An invoice was paid.", money),
        [NEW]: webhook("An invoice was refused.", money),
        "not a name!": webhook("It has no name of a type.", money),
      },
    };
    await page.getByRole("textbox", { name: "Text of the document" }).fill(JSON.stringify(document));
    const show = page.getByRole("button", { name: "Show what would change" });
    await show.click();
    await page.getByText("1 new, 1 changed, 0 as before. Nothing is saved yet.").waitFor();
    await page.getByText("1 part is not taken").waitFor();
    await page.getByText("Changed amount: number, required, minimum 0 → number, required, minimum 1").waitFor();
    await page.getByText("Removed payer.iban", { exact: false }).waitFor();
    expect((await client.get(`/v1/event-types/${NEW}`)).status).toBe(404);
    await checkedEverywhere(page, "type-import");
    await client.patch(`/v1/event-types/${TYPE}`, { description: "Changed meanwhile." });
    await page.getByRole("button", { name: "Import 2 event types" }).click();
    await page.getByText("Somebody else has changed the catalogue since you looked").waitFor();
    expect((await client.get(`/v1/event-types/${NEW}`)).status).toBe(404);
    await show.click();
    await page.getByText("Changed meanwhile.").waitFor();
    await page.getByRole("button", { name: "Import 2 event types" }).click();
    await page.getByText("The import is done: 1 new, 1 changed.").waitFor();
    await page.getByRole("link", { name: "See the event types" }).click();
    await page.getByRole("link", { name: NEW }).waitFor();
    // The document has no example, and a new subscription's filter is tried on one.
    await client.patch(`/v1/event-types/${TYPE}`, { examples: [{ amount: 12.5 }] });
    expect(visitor.complaints.filter((text) => !text.includes("412"))).toEqual([]);
    await page.context().close();
  });

  it("show an admin what waits, and have no fault of accessibility there", async () => {
    const { page, complaints } = await logInAs(chromium, service, "admin", { path: "/portal/requests" });
    await page.getByText("All of it, please.").waitFor();
    await checkedEverywhere(page, "requests");
    await page.getByRole("button", { name: "Refuse" }).click();
    const dialog = page.getByRole("alertdialog", { name: "Refuse the grant" });
    expect(await dialog.getByRole("button", { name: /^Refuse it to/ }).isDisabled()).toBe(true);
    await dialog.getByLabel("Reason, which the consumer reads").fill("One type is enough.");
    await dialog.getByRole("button", { name: /^Refuse it to/ }).click();
    await page.getByText("No request has this status.").waitFor();
    await page.getByRole("combobox", { name: "Status" }).selectOption("Refused");
    await page.getByText("One type is enough.").waitFor();
    expect(new URL(page.url()).search).toBe("?status=refused");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it.each([
    ["protection", "How are deliveries proved and protected?"],
    ["filter", "Which of them, and how fast?"],
    ["finish", "Verify, and go live"],
  ])("have no fault of accessibility in the step of a new subscription: %s", async (step, heading) => {
    const path = `/portal/subscriptions/new?step=${step}&id=${draft}`;
    const { page, complaints } = await logInAs(chromium, service, "consumer", { path });
    await page.getByRole("heading", { level: 2, name: heading }).waitFor();
    if (step === "finish") await page.getByRole("region", { name: "receiver.mjs" }).waitFor();
    if (step === "protection")
      await page.getByRole("combobox", { name: "Method" }).selectOption("OAuth2 client credentials");
    if (step === "filter") {
      await page.getByLabel(/CEL expression/).fill("data.amount > 100");
      await page.getByText("left out").waitFor();
    }
    await checkedEverywhere(page, `create-${step}`);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("have no fault of accessibility in the first steps of a new subscription", async () => {
    const { page, complaints } = await logInAs(chromium, service, "consumer", {
      path: `/portal/subscriptions/new?type=${TYPE}`,
    });
    await page.getByLabel("URL of your endpoint").fill("no address");
    await page.getByText("This is no URL.").waitFor();
    await page.getByLabel("URL of your endpoint").fill("http://127.0.0.1:9/other");
    await page.getByRole("button", { name: "Look at the address" }).click();
    await page.getByText("Deliveries cannot be sent there yet.").waitFor();
    await checkedEverywhere(page, "create-address");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText(`What ${TYPE} looks like`).click();
    await checkedEverywhere(page, "create-types");
    await page.getByRole("button", { name: "Save the draft" }).click();
    await page.locator("[data-secret]").waitFor();
    await checkedEverywhere(page, "create-secret");
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
