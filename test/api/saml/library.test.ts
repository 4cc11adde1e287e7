/**
 * What the library accepts with every safe option on, and this service does not. If one of this service's own checks
 * vanishes, or the library takes it over, it is noticed here.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { samlLibrary } from "../../../src/api/saml/library.js";
import type { SamlRefusal } from "../../../src/api/saml/service-provider.js";
import {
  encodeResponse,
  type ReadRequest,
  readRequest,
  type ResponseParts,
  responseXml,
  type SigningOptions,
} from "../../support/saml-idp.js";
import { type Bench, openBench, PUBLIC_URL } from "./connection.js";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
});
afterAll(() => bench?.database.close());

const libraryAlone = () =>
  samlLibrary({
    connection: bench.connection,
    publicUrl: PUBLIC_URL,
    certificates: [bench.idp.key.cert],
    requestedAt: () => new Date().toISOString(),
  });

interface Case {
  changes?: Partial<ResponseParts>;
  signing?: Partial<SigningOptions>;
  around?: (xml: string) => string;
  code: SamlRefusal;
}
const ACCEPTED_BY_THE_LIBRARY: Record<string, Case> = {
  "a signature with SHA-1": {
    signing: { signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" },
    code: "algorithm_refused",
  },
  "a digest with SHA-1": {
    signing: { digestAlgorithm: "http://www.w3.org/2000/09/xmldsig#sha1" },
    code: "algorithm_refused",
  },
  "a document type": { around: (xml) => `<!DOCTYPE Response>${xml}`, code: "markup_refused" },
  "another recipient": { changes: { recipient: "https://evil.example" }, code: "recipient_mismatch" },
  "no recipient": { changes: { recipient: null }, code: "confirmation_refused" },
  "another destination": { changes: { destination: "https://evil.example" }, code: "destination_mismatch" },
  "no destination": { changes: { destination: null }, code: "destination_mismatch" },
  "no confirmation": { changes: { confirmations: "" }, code: "confirmation_refused" },
  "a confirmation without request": { changes: { confirmationInResponseTo: null }, code: "request_unknown" },
  "another issuer in the assertion": { changes: { assertionIssuer: "https://other.example" }, code: "issuer_mismatch" },
  "another issuer on the response": { changes: { issuer: "https://other.example" }, code: "issuer_mismatch" },
  "a status that is no success": {
    changes: { status: "urn:oasis:names:tc:SAML:2.0:status:Responder" },
    code: "status_not_success",
  },
  "an empty name": { changes: { nameId: "" }, code: "name_id_refused" },
  "an empty name, and an attribute nameID": {
    changes: { nameId: "", attributes: [["nameID", ["admin"]]] },
    code: "name_id_refused",
  },
  "an attribute __proto__": { changes: { attributes: [["__proto__", ["admin", "x"]]] }, code: "attributes_refused" },
  "an attribute getAssertion": { changes: { attributes: [["getAssertion", ["admin"]]] }, code: "attributes_refused" },
};

describe.each(Object.entries(ACCEPTED_BY_THE_LIBRARY))(
  "%s",
  (_name, { changes = {}, signing = {}, around = (xml) => xml, code }) => {
    const make = (request: Pick<ReadRequest, "id" | "acsUrl" | "issuer">) =>
      around(bench.idp.sign(responseXml(bench.idp.parts(request, changes)), signing));

    test("the library alone accepts it", async () => {
      const request = readRequest((await bench.provider.begin(bench.connection, "state")).url);
      expect(
        await libraryAlone().validatePostResponseAsync({ SAMLResponse: encodeResponse(make(request)) }),
      ).toHaveProperty("profile");
    });
    test("this service refuses it", async () => expect(await bench.post(make)).toMatchObject({ ok: false, code }));
  },
);

test("an attribute becomes the name of a person for the library alone", async () => {
  const request = readRequest((await bench.provider.begin(bench.connection, "state")).url);
  const { profile } = await libraryAlone().validatePostResponseAsync({
    SAMLResponse: bench.idp.respond(request, { nameId: "", attributes: [["nameID", ["admin"]]] }),
  });
  expect(profile?.nameID).toBe("admin");
});

test("of eight posts of one response at once the library alone accepts eight, this service one", async () => {
  const { url, requestId } = await bench.provider.begin(bench.connection, "state");
  const SAMLResponse = bench.idp.respond(readRequest(url));
  const eight = Array.from({ length: 8 });
  const library = libraryAlone();
  await expect(Promise.all(eight.map(() => library.validatePostResponseAsync({ SAMLResponse })))).resolves.toHaveLength(
    8,
  );
  const outcomes = await Promise.all(
    eight.map(() => bench.provider.accept(bench.connection, { SAMLResponse }, [requestId])),
  );
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
  expect(outcomes.filter((outcome) => !outcome.ok && outcome.code === "replayed")).toHaveLength(7);
});
