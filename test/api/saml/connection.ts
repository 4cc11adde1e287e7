/** A connection to an identity provider of the tests' own, and a service provider to post responses to. */
import { readCertificate } from "../../../src/api/saml/certificates.js";
import { createResponseChecks } from "../../../src/api/saml/response/response-checks.js";
import { createServiceProvider, type ServiceProvider } from "../../../src/api/saml/service-provider.js";
import { newId } from "../../../src/store/ids.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { IdpCertificate, SamlConnection } from "../../../src/store/collections/saml-connections.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import {
  createSamlIdp,
  createSamlKey,
  encodeResponse,
  type ReadRequest,
  readRequest,
  responseXml,
  type ResponseParts,
  type SamlIdp,
  type SigningOptions,
} from "../../support/saml-idp.js";

export const PUBLIC_URL = "https://hooks.example.com";

/**
 * What all of a test process check with. A machine with ten times too much to do takes minutes for what takes one
 * second of CPU. The test of the deadline brings its own.
 */
const PATIENT = createResponseChecks({ deadlineMs: 110_000 });

/** The certificate as a connection holds it. */
export function certificateOf(pem: string): IdpCertificate {
  const read = readCertificate(pem, new Date());
  if (!read.ok) throw new Error(`The test's certificate is ${read.fault}`);
  return read.certificate;
}

/** A connection with the defaults. */
export const connectionTo = (idp: SamlIdp, changes: Partial<SamlConnection> = {}): SamlConnection => ({
  id: newId("sso"),
  name: "Example",
  entityId: idp.entityId,
  ssoUrl: idp.ssoUrl,
  certificates: [certificateOf(idp.key.cert)],
  requireSignedResponse: true,
  idpInitiated: false,
  groupIds: [],
  roles: [],
  status: "enabled",
  createdAt: new Date(),
  updatedAt: new Date(),
  ...changes,
});

export type Outcome = Awaited<ReturnType<ServiceProvider["accept"]>>;

export interface Bench {
  database: TestDatabase;
  store: MongoStore;
  provider: ServiceProvider;
  idp: SamlIdp;
  connection: SamlConnection;
  /** Begins a log-in and posts what is made for it: the response's XML, or with `field` the form field as it is. */
  post(
    make: (request: ReadRequest) => string,
    options?: { connection?: SamlConnection; field?: boolean },
  ): Promise<Outcome>;
  /** The same with a response that is good but for these parts and signed as asked for. */
  postParts(
    changes: Partial<ResponseParts>,
    signing?: Partial<SigningOptions> & { what?: ("Assertion" | "Response")[] },
    connection?: SamlConnection,
  ): Promise<Outcome>;
}

/** Opens a database of its own. */
export async function openBench(mongodbUrl: string): Promise<Bench> {
  const database = await openDatabase(mongodbUrl, "saml");
  const store = await database.openStore();
  const provider = createServiceProvider({ store, publicUrl: PUBLIC_URL, checks: PATIENT });
  const idp = createSamlIdp(await createSamlKey());
  const bench: Bench = {
    database,
    store,
    provider,
    idp,
    connection: connectionTo(idp),
    async post(make, { connection = bench.connection, field = false } = {}) {
      const { url, requestId } = await provider.begin(connection, "state");
      const made = make(readRequest(url));
      return provider.accept(connection, { SAMLResponse: field ? made : encodeResponse(made) }, [requestId]);
    },
    postParts: (changes, signing, connection = bench.connection) =>
      bench.post((request) => idp.sign(responseXml(idp.parts(request, changes)), signing), { connection }),
  };
  return bench;
}
