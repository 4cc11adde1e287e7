import { afterAll, beforeAll, inject } from "vitest";
import { newSpKey } from "../../../../src/api/saml/sp-keys.js";
import type { SamlConnection, SpKey } from "../../../../src/store/collections/saml-connections.js";
import { encryptAssertion, type EncryptionOptions } from "../../../support/saml-encryption.js";
import {
  createSamlKey,
  type ReadRequest,
  type ResponseParts,
  responseXml,
  type SamlKey,
  signElement,
} from "../../../support/saml-idp.js";
import { type Bench, openBench } from "../connection.js";

export let bench: Bench;
export let keys: SpKey[];
export let strict: SamlConnection;
/** Takes responses whose assertion alone is signed. */
export let lenient: SamlConnection;
export let attacker: SamlKey;

export type Request = Pick<ReadRequest, "id" | "acsUrl" | "issuer">;
export const certificate = () => keys[0]?.certificate ?? "";

/** Assertion signed, then encrypted, then the response signed when the connection wants that. */
export function encrypted(
  request: Request,
  {
    connection = strict,
    changes = {},
    options = {},
    key = bench.idp.key,
    around = (xml: string) => xml,
  }: {
    connection?: SamlConnection;
    changes?: Partial<ResponseParts>;
    options?: Partial<EncryptionOptions>;
    key?: SamlKey;
    around?: (xml: string) => string;
  } = {},
): string {
  const inside = signElement(responseXml(bench.idp.parts(request, changes)), "Assertion", {
    key: key.key,
    cert: key.cert,
  });
  const outside = around(encryptAssertion(inside, { certificate: certificate(), ...options }));
  return connection.requireSignedResponse
    ? signElement(outside, "Response", { key: key.key, cert: key.cert })
    : outside;
}
export const post = (given: Parameters<typeof encrypted>[1] = {}) =>
  bench.post((request) => encrypted(request, given), { connection: given.connection ?? strict });

/** What each of the files needs that begin with `encrypted-assertion`: call it once at the top. */
export function setUpEncryptedAssertion(): void {
  beforeAll(async () => {
    bench = await openBench(inject("mongodbUrl"));
    keys = [await newSpKey(bench.connection.id)];
    strict = { ...bench.connection, keys };
    lenient = { ...strict, requireSignedResponse: false };
    attacker = await createSamlKey();
  });
  afterAll(() => bench?.database.close());
}
