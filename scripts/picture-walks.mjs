// The walks of scripts/pictures.mjs: what a consumer, a provider and an operator see, and in which order.
import { DEMO_GROUP } from "../src/workers/trial/demo.ts";
import { DEMO_ORDER_TYPE } from "../src/workers/trial/demo-endpoints.ts";

/** Enough to fill a list. */
const SOME_PARKED = 4;
/** What is published each second while an endpoint is down. No number of them is one that the demo refuses. */
const NUMBERS = [1, 2, 3, 4];

/** Something was refused: found, read, sent again, compared. And an endpoint whose filter left an event out. */
export async function walkAsConsumer({ admin, ledger, visit, take, until }) {
  await must(
    admin.post("/v1/subscriptions", {
      groupId: DEMO_GROUP,
      name: "Large orders only",
      url: ledger.url,
      tls: { ca: ledger.ca },
      eventTypes: [DEMO_ORDER_TYPE],
      filter: "data.number > 1000",
    }),
  );
  await until(async () => (await counted(admin, "status=parked")) >= SOME_PARKED);
  const page = await visit("consumer", "/portal/deliveries?status=parked,exhausted");
  await page
    .locator("[data-row-link]")
    .nth(SOME_PARKED - 1)
    .waitFor();
  await take(page, "portal-needs-me");
  await page.locator("[data-row-link]").first().click();
  await page.getByText("This lies on the side of the endpoint.").waitFor();
  await take(page, "portal-delivery", page.getByRole("button", { name: "Check the signature" }));
  await page.getByRole("button", { name: "Resend", exact: true }).click();
  await page
    .getByRole("alertdialog")
    .getByRole("button", { name: /^Resend to / })
    .click();
  await page.getByText("The endpoint accepted the event at attempt 2.").waitFor();
  await page.getByRole("button", { name: "Compare two attempts" }).click();
  await take(page, "portal-compare", page.getByRole("region", { name: "Two attempts" }));
  await page.getByRole("link", { name: "Who got this event, and why others did not" }).click();
  const table = page.getByRole("table", { name: "Who got this event, and why others did not" });
  await table.getByText("The filter of the subscription left the event out.").waitFor();
  await page.getByRole("button", { name: "Show the filters, and what the event has" }).click();
  await table.getByText("data.number > 1000").waitFor();
  await take(page, "portal-routing", table);
  await page.context().close();
}

/** A subscription that a consumer asks for: read, approved, and watched. */
export async function walkAsProvider({ admin, consumer, ledger, visit, take, until }) {
  const { body } = await must(
    consumer.post("/v1/subscriptions", {
      groupId: DEMO_GROUP,
      name: "Acme ledger",
      url: ledger.url,
      tls: { ca: ledger.ca },
      eventTypes: [DEMO_ORDER_TYPE],
    }),
  );
  for (const step of ["verify", "submit"]) await must(consumer.post(`/v1/subscriptions/${body.id}/${step}`, {}));
  const page = await visit("provider", "/portal/requests");
  await page.getByRole("button", { name: "Approve Acme ledger" }).waitFor();
  await take(page, "portal-requests");
  await page.getByRole("button", { name: "Approve Acme ledger" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason, for the audit").fill("Contract 17");
  await dialog.getByRole("checkbox", { name: "Also put it into service at once" }).check();
  await dialog.getByRole("button", { name: "Approve Acme ledger" }).click();
  await until(async () => (await subscriptionOf(admin, body.id)).status === "active");
  await page.goto(new URL("/portal/subscriptions", page.url()).href);
  await page.getByRole("table", { name: "Subscriptions" }).getByText("Healthy").nth(2).waitFor();
  await take(page, "portal-subscriptions");
  await page.context().close();
}

/** An endpoint is down: seen, tried, and back. What was refused meanwhile is recovered. */
export async function walkAsOperator({ admin, ledger, visit, take, until }) {
  const { body } = await admin.get("/v1/subscriptions?q=Acme");
  const { id } = body.data[0];
  ledger.up = false;
  const failing = async () => (await admin.get(`/v1/subscriptions/${id}/health`)).body.state === "failing";
  const events = NUMBERS.map((number) => ({ type: DEMO_ORDER_TYPE, data: { number, currency: "EUR" } }));
  await until(async () => {
    await must(admin.post("/v1/events", events));
    return failing();
  }, 1_000);
  const page = await visit("operator", "/portal?window=1h");
  await page.getByText(/^\d of 5 endpoints (is|are) failing\./).waitFor();
  await page.getByRole("figure", { name: "Attempts", exact: true }).getByRole("slider").waitFor();
  await take(page, "portal-overview", page.getByRole("region", { name: "Endpoints in trouble" }));
  await page.getByRole("region", { name: "Endpoints in trouble" }).getByRole("link", { name: "Acme ledger" }).click();
  await page.getByRole("button", { name: "Try now" }).waitFor();
  await take(page, "portal-failing", page.getByRole("button", { name: "Try now" }));
  ledger.up = true;
  await page.getByRole("link", { name: "Recoveries" }).click();
  await page.getByRole("link", { name: "New recovery" }).click();
  await page.getByLabel("Window").selectOption("Last hour");
  await page.getByLabel("Endpoint").selectOption("Demo: refuses every fifth order");
  await page.getByText(/deliver(y|ies) match/).waitFor();
  await page.getByLabel("Reason, for the audit").fill("vatId is optional again");
  await take(page, "portal-recovery");
  await page.getByRole("button", { name: /^Send \d+ again to / }).click();
  await page.getByText("Done", { exact: true }).waitFor();
  await take(page, "portal-recovered", page.getByRole("region", { name: "Progress" }));
  await page.context().close();
}

const counted = async (client, query) => (await client.get(`/v1/deliveries/count?${query}`)).body.count;
const subscriptionOf = async (client, id) => (await client.get(`/v1/subscriptions/${id}`)).body;

/** An answer that says that it was done. */
async function must(asked) {
  const answer = await asked;
  if (answer.status >= 300) throw new Error(`The answer was ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
