/**
 * Identity providers with ECDSA keys (XML Signature 1.1, 6.4.3): every curve with every digest, and no signature by the
 * wrong kind of key.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import {
  createCurveKey,
  createSamlIdp,
  type ReadRequest,
  responseXml,
  type SamlIdp,
  type SigningOptions,
} from "../../../support/saml-idp.js";
import { type Bench, certificateOf, connectionTo, openBench } from "../connection.js";

const MORE = "http://www.w3.org/2001/04/xmldsig-more#";
const CURVES = ["P-256", "P-384", "P-521"] as const;
const DIGESTS: Record<string, string> = {
  sha256: "http://www.w3.org/2001/04/xmlenc#sha256",
  sha384: `${MORE}sha384`,
  sha512: "http://www.w3.org/2001/04/xmlenc#sha512",
};

let bench: Bench;
let idps: Map<string, SamlIdp>;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  idps = new Map(
    await Promise.all(
      CURVES.map(async (curve): Promise<[string, SamlIdp]> => [curve, createSamlIdp(await createCurveKey(curve))]),
    ),
  );
});
afterAll(() => bench?.database.close());

function idpOn(curve: string): SamlIdp {
  const idp = idps.get(curve);
  if (!idp) throw new Error(`no provider on ${curve}`);
  return idp;
}
function post(curve: string, signing: Partial<SigningOptions>, around = (xml: string) => xml) {
  const idp = idpOn(curve);
  return bench.post((request: ReadRequest) => around(idp.sign(responseXml(idp.parts(request)), signing)), {
    connection: connectionTo(idp),
  });
}

describe.each(CURVES)("a key on %s", (curve) => {
  test.each(Object.entries(DIGESTS))("signs with %s", async (name, digestAlgorithm) => {
    expect(await post(curve, { signatureAlgorithm: `${MORE}ecdsa-${name}`, digestAlgorithm })).toMatchObject({
      ok: true,
      identity: { nameId: "person-1" },
    });
  });

  test("signs nothing that was changed, nothing with SHA-1, and nothing in DER", async () => {
    const signing = { signatureAlgorithm: `${MORE}ecdsa-sha256` };
    expect(await post(curve, signing, (xml) => xml.replace(">person-1<", ">admin<"))).toMatchObject({
      ok: false,
      code: "signature_invalid",
    });
    expect(
      await post(curve, signing, (xml) =>
        xml.replace(/(<ds:SignatureValue>)[^<]*/, (_all, tag: string) => tag + Buffer.alloc(132).toString("base64")),
      ),
    ).toMatchObject({ ok: false, code: "signature_invalid" });
    expect(await post(curve, { ...signing, der: true })).toMatchObject({ ok: false, code: "signature_invalid" });
    expect(await post(curve, { signatureAlgorithm: `${MORE}ecdsa-sha1` })).toMatchObject({
      ok: false,
      code: "algorithm_refused",
    });
  });
});

test("a key counts by the algorithms of its own kind alone", async () => {
  const idp = idpOn("P-256");
  // Node signs and verifies by the key, whatever the name says: without a check of our own this would hold, in DER.
  expect(await post("P-256", { signatureAlgorithm: `${MORE}rsa-sha256` })).toMatchObject({
    ok: false,
    code: "signature_invalid",
  });
  const both = connectionTo(idp, { certificates: [certificateOf(bench.idp.key.cert), certificateOf(idp.key.cert)] });
  for (const signing of [
    { key: bench.idp.key.key, cert: bench.idp.key.cert },
    { signatureAlgorithm: `${MORE}ecdsa-sha256` },
  ]) {
    expect(
      await bench.post((request) => idp.sign(responseXml(idp.parts(request)), signing), { connection: both }),
    ).toMatchObject({ ok: true });
  }
  expect(
    await bench.post((request) => idp.sign(responseXml(idp.parts(request)), { key: bench.idp.key.key }), {
      connection: connectionTo(idp),
    }),
  ).toMatchObject({ ok: false, code: "signature_invalid" });
});

test("RSA with SHA-384 is as good", async () => {
  expect(
    await bench.postParts({}, { signatureAlgorithm: `${MORE}rsa-sha384`, digestAlgorithm: `${MORE}sha384` }),
  ).toMatchObject({ ok: true });
});
