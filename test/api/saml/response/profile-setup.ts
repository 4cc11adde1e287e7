import { afterAll, beforeAll, inject } from "vitest";
import { type Bench, connectionTo, openBench } from "../connection.js";

export let bench: Bench;
/** Takes responses that are not signed themselves. */
export let lenient: Bench["connection"];

export const from = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
export const accepted = { ok: true, identity: { nameId: "person-1" } };

/** What each of the files needs that begin with `profile`: call it once at the top. */
export function setUpProfile(): void {
  beforeAll(async () => {
    bench = await openBench(inject("mongodbUrl"));
    lenient = connectionTo(bench.idp, { requireSignedResponse: false });
  });
  afterAll(() => bench?.database.close());
}
