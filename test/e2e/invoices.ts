/** Deliveries for a walk through the portal. */
import type { Client } from "../support/client.js";

/** Makes an api, a group and a subscription of its own, and publishes so many invoices to it. */
export async function publishInvoices(client: Client, url: string, count: number): Promise<void> {
  const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
  const apiId = await made("/v1/apis", { name: "payments" });
  await client.post("/v1/event-types", { name: "payments.invoice.paid", apiId });
  const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
  await client.post("/v1/subscriptions", { groupId, name: "Acme ledger", url, eventTypes: ["payments.invoice.paid"] });
  const invoices = Array.from({ length: count }, (_, n) => ({ type: "payments.invoice.paid", data: { n } }));
  await client.post("/v1/events", invoices);
}
