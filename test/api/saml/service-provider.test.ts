/** The life of a log-in at the service provider: request, response, once only, roll-over. Attacks are in attacks.test.ts. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createServiceProvider, type ServiceProvider } from "../../../src/api/saml/service-provider.js";
import type { SamlConnection } from "../../../src/store/saml-connections.js";
import type { MongoStore } from "../../../src/store/mongo-store.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { createSamlIdp, createSamlKey, readRequest, type SamlIdp } from "../../support/saml-idp.js";
import { connectionTo, PUBLIC_URL } from "./connection.js";

let database: TestDatabase;
let store: MongoStore;
let provider: ServiceProvider;
let idp: SamlIdp;
let connection: SamlConnection;

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "saml");
  store = await database.openStore();
  provider = createServiceProvider({ store, publicUrl: PUBLIC_URL });
  idp = createSamlIdp(await createSamlKey());
  connection = connectionTo(idp);
});
afterAll(() => database?.close());

test("a person logs in", async () => {
  const { url, requestId } = await provider.begin(connection, "state-1");
  const request = readRequest(url);
  expect(request).toMatchObject({ id: requestId, relayState: "state-1", acsUrl: `${PUBLIC_URL}/saml/acs/${connection.id}`, issuer: `${PUBLIC_URL}/saml/metadata/${connection.id}` });
  const accepted = await provider.accept(connection, { SAMLResponse: idp.respond(request) }, [requestId]);
  expect(accepted).toMatchObject({ ok: true, identity: { nameId: "person-1", groups: ["staff"], email: "person@example.com", displayName: "A Person", sessionIndex: "_session" } });
});
