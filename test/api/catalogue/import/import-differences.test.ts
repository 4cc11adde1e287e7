/** What a dry run tells of each event type, and that an import does nothing else than what was shown. */
import { describe, expect, test } from "vitest";
import { importDifferences } from "../../../../src/api/catalogue/import/import-differences.js";
import { api, asyncApi, newApi, send, setUpImportRoutes } from "../import-routes-setup.js";

setUpImportRoutes();

interface Answer {
  differences?: { name: string; fields: string[]; before?: unknown; after?: Record<string, unknown> }[];
  mark?: string;
}

describe("a dry run", () => {
  test("tells what differs of each type that is new or changed, before and after", async () => {
    const apiId = await newApi();
    const document = asyncApi("dryone");
    const first = (await send(apiId, document, { query: "?dryRun=true" })).body as Answer;
    expect(first.differences?.map(({ name, fields }) => [name, fields])).toEqual([
      ["dryone.invoice.paid", ["description", "schema", "examples", "validation"]],
      ["dryone.refunded", ["schema"]],
      ["dryone.voided", ["deprecation"]],
    ]);
    expect(first.differences?.[0]).not.toHaveProperty("before");
    expect(first.differences?.[1]?.after).toEqual({ schema: { type: "string" } });
    const done = (await send(apiId, document)).body as Answer;
    expect(done).not.toHaveProperty("differences");
    document.components.messages.Paid.description = "Paid in full";
    const second = (await send(apiId, document, { query: "?dryRun=true" })).body as Answer;
    expect(second.differences).toEqual([
      {
        name: "dryone.invoice.paid",
        fields: ["description"],
        before: { description: "An invoice was paid" },
        after: { description: "Paid in full" },
      },
    ]);
  });

  test("gives a mark, by which an import is refused once somebody else has changed a type", async () => {
    const apiId = await newApi();
    const document = asyncApi("drytwo");
    await send(apiId, document);
    document.components.messages.Paid.description = "Paid in full";
    const mark = async () => ((await send(apiId, document, { query: "?dryRun=true" })).body as Answer).mark ?? "";
    const shown = await mark();
    expect(await mark()).toBe(shown);
    await api.call("PATCH", "/v1/event-types/drytwo.invoice.paid", { body: { description: "Somebody else's" } });
    const refused = await send(apiId, document, { query: `?mark=${shown}` });
    expect(refused, refused.text).toMatchObject({ status: 412, body: { code: "changed_meanwhile" } });
    expect(await api.store.eventTypes.get("drytwo.invoice.paid")).toMatchObject({ description: "Somebody else's" });
    const taken = await send(apiId, document, { query: `?mark=${await mark()}` });
    expect(taken, taken.text).toMatchObject({ status: 200, body: { changed: [{ name: "drytwo.invoice.paid" }] } });
    expect(await api.store.eventTypes.get("drytwo.invoice.paid")).toMatchObject({ description: "Paid in full" });
  });
});

test("beyond some content the names of the fields remain", () => {
  const now = new Date();
  const type = (name: string, length: number) => ({
    name,
    apiId: "api_1",
    schema: { title: "x".repeat(length) },
    createdAt: now,
    updatedAt: now,
  });
  const told = importDifferences({ created: [type("a", 10), type("b", 1_100_000), type("c", 10)], changed: [] });
  expect(told.map(({ name, after }) => [name, after !== undefined])).toEqual([
    ["a", true],
    ["b", false],
    ["c", false],
  ]);
  expect(told.every(({ fields }) => fields.join() === "schema")).toBe(true);
});
