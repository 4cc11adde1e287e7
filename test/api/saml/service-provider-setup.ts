import { afterAll, beforeAll, inject } from "vitest";
import { type ReadRequest } from "../../support/saml-idp.js";
import { type Bench, openBench } from "./connection.js";

export let bench: Bench;

export const good = (request: Pick<ReadRequest, "id" | "acsUrl" | "issuer">) => bench.idp.respond(request);

/** What each of the files needs that begin with `service-provider`: call it once at the top. */
export function setUpServiceProvider(): void {
  beforeAll(async () => {
    bench = await openBench(inject("mongodbUrl"));
  });
  afterAll(() => bench?.database.close());
}
