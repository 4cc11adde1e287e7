import { afterAll, beforeAll, expect, inject } from "vitest";
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import { newSpKey } from "../../../../src/api/saml/sp-keys.js";
import type { SamlConnection } from "../../../../src/store/collections/saml-connections.js";
import { encryptAssertion } from "../../../support/saml-encryption.js";
import {
  createSamlKey,
  type ReadRequest,
  type ResponseParts,
  responseXml,
  type SamlKey,
} from "../../../support/saml-idp.js";
import { type Bench, openBench } from "../connection.js";

export let bench: Bench;
export let attacker: SamlKey;
export let strict: SamlConnection;
/** Takes responses whose assertion alone is signed. */
export let lenient: SamlConnection;
export const certificate = () => strict.keys?.[0]?.certificate ?? "";
export const refusedAs = (code: SamlRefusal) => ({ ok: false, code, detail: expect.any(String) as string });
export const encrypt = (xml: string) => encryptAssertion(xml, { certificate: certificate() });

type Signing = Parameters<Bench["idp"]["sign"]>[1];
/**
 * Signed, encrypted, and the response signed over that, each where `what` says so. `change` is made on the text before
 * it is encrypted.
 */
export function encrypted(
  request: ReadRequest,
  { what = ["Assertion", "Response"], ...signing }: NonNullable<Signing> = {},
  {
    changes = {},
    change = (xml: string) => xml,
  }: { changes?: Partial<ResponseParts>; change?: (xml: string) => string } = {},
): string {
  const only = (element: "Assertion" | "Response") => ({ ...signing, what: what.filter((each) => each === element) });
  return bench.idp.sign(
    encrypt(change(bench.idp.sign(responseXml(bench.idp.parts(request, changes)), only("Assertion")))),
    only("Response"),
  );
}
export const SIGNED_INSIDE = { what: ["Assertion" as const] };

/** What each of the files needs that begin with `encrypted-attacks`: call it once at the top. */
export function setUpEncryptedAttacks(): void {
  beforeAll(async () => {
    bench = await openBench(inject("mongodbUrl"));
    attacker = await createSamlKey();
    strict = { ...bench.connection, keys: [await newSpKey(bench.connection.id)] };
    lenient = { ...strict, requireSignedResponse: false };
  });
  afterAll(() => bench?.database.close());
}
