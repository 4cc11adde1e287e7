/**
 * One signing key for each KeyDescriptor, the leaf: what a chain holds beside it is an authority's and logs nobody in.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { certificatesEnd, signersOf } from "../../../../src/api/saml/certificates.js";
import { readCertificates, readIdpMetadata } from "../../../../src/api/saml/metadata/idp-metadata.js";
import { bareCertificate, createSamlIdp, createSamlKey, responseXml, type SamlKey } from "../../../support/saml-idp.js";
import { type Bench, certificateOf, connectionTo, openBench } from "../connection.js";
import { filled } from "../../../support/xml.js";

const DAY_MS = 86_400_000;
const ended = () => new Date(Date.now() - DAY_MS / 2);
let bench: Bench;
let root: SamlKey;
let intermediate: SamlKey;
let leaf: SamlKey;
let expiredLeaf: SamlKey;
let other: SamlKey;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  root = await createSamlKey({ name: "Root", ca: true });
  intermediate = await createSamlKey({ name: "Intermediate", ca: true, issuer: root });
  leaf = await createSamlKey({ name: "Signer", issuer: intermediate });
  expiredLeaf = await createSamlKey({ name: "Signer", issuer: intermediate, notAfter: ended() });
  other = await createSamlKey();
});
afterAll(() => bench?.database.close());

const x509 = (certificate: string) => `<ds:X509Certificate>${bareCertificate(certificate)}</ds:X509Certificate>`;
/** A KeyDescriptor whose X509Data holds these. */
const keyOf = (...certificates: string[]) => {
  const data = filled("ds:X509Data", {}, ...certificates.map(x509));
  return filled("md:KeyDescriptor", { use: "signing" }, filled("ds:KeyInfo", {}, data));
};
const metadata = (...keys: string[]) =>
  bench.idp.metadataXml().replace(/<md:KeyDescriptor.*<\/md:KeyDescriptor>/, keys.join(""));
const read = (...keys: string[]) => readIdpMetadata(metadata(...keys), { production: true, now: new Date() });
/** The certificates that are taken, or why there are none. */
function taken(...keys: string[]): string[] | string {
  const outcome = read(...keys);
  return outcome.ok ? outcome.idp.certificates.map(({ pem }) => bareCertificate(pem)) : outcome.reason;
}
const bare = (...keys: SamlKey[]) => keys.map(({ cert }) => bareCertificate(cert));
const RUBBISH = "AAAA";

describe("of a KeyDescriptor", () => {
  test("with a chain the leaf alone is taken, whatever stands first", () => {
    for (const chain of [
      [leaf, intermediate, root],
      [root, intermediate, leaf],
      [intermediate, leaf],
      [leaf, root],
      [root, leaf],
    ]) {
      expect(taken(keyOf(...chain.map(({ cert }) => cert)))).toEqual(bare(leaf));
    }
    expect(read(keyOf(leaf.cert, root.cert))).toMatchObject({
      idp: { warnings: [expect.stringContaining("several keys") as string] },
    });
  });

  test("with several X509Data or KeyInfo of one chain too", () => {
    const split = keyOf(root.cert, leaf.cert).replace(
      "</ds:X509Certificate><ds",
      "</ds:X509Certificate></ds:X509Data><ds:X509Data><ds",
    );
    expect(taken(split)).toEqual(bare(leaf));
    expect(
      taken(split.replace("</ds:X509Data><ds:X509Data>", "</ds:X509Data></ds:KeyInfo><ds:KeyInfo><ds:X509Data>")),
    ).toEqual(bare(leaf));
  });

  test("whose leaf has ended, is weak or cannot be read, no authority takes its place", async () => {
    const weak = await createSamlKey({ name: "Signer", issuer: intermediate, bits: 1_024 });
    for (const first of [expiredLeaf.cert, weak.cert, RUBBISH]) {
      expect(taken(keyOf(first, intermediate.cert, root.cert))).toContain("no signing certificate");
      expect(taken(keyOf(first, intermediate.cert), keyOf(other.cert))).toEqual(bare(other));
    }
    expect(taken(keyOf(intermediate.cert, expiredLeaf.cert))).toContain("expired");
  });

  test("with an unreadable certificate beside the good one, the good one is taken and the other named", () => {
    for (const key of [keyOf(other.cert, RUBBISH), keyOf(RUBBISH, other.cert), keyOf(intermediate.cert, RUBBISH)])
      expect(read(key)).toMatchObject({
        ok: true,
        idp: { certificates: [{}], warnings: [expect.stringContaining("not the base64") as string] },
      });
    expect(taken(keyOf(RUBBISH), keyOf(other.cert))).toEqual(bare(other));
    expect(taken(keyOf(RUBBISH))).toContain("not the base64");
  });

  test("the certificate of its own making is taken, authority or not; of two for one key the longer one", async () => {
    expect(taken(keyOf(root.cert))).toEqual(bare(root));
    const again = await createSamlKey({ of: other, notAfter: new Date(Date.now() + 700 * DAY_MS) });
    for (const pair of [
      [other, again],
      [again, other],
    ])
      expect(taken(keyOf(...pair.map(({ cert }) => cert)))).toEqual(bare(again));
  });

  test("with no certificate nothing is taken, and it is named", () => {
    const bareKey =
      "<md:KeyDescriptor><ds:KeyInfo><ds:KeyName>signer</ds:KeyName><ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>";
    expect(taken(bareKey)).toContain("KeyName or KeyValue");
    expect(read(bareKey, keyOf(other.cert))).toMatchObject({
      ok: true,
      idp: { certificates: [{}], warnings: [expect.stringContaining("KeyName") as string] },
    });
  });
});

test("several KeyDescriptors are several keys, unless one issued another", async () => {
  expect(taken(keyOf(leaf.cert), keyOf(other.cert))).toEqual(bare(leaf, other));
  expect(taken(keyOf(leaf.cert), keyOf(intermediate.cert))).toEqual(bare(leaf));
  // A roll-over: the same name, another key, each signed by itself.
  const [one, two] = await Promise.all([createSamlKey({ ca: true }), createSamlKey({ ca: true })]);
  expect(taken(keyOf(one.cert), keyOf(two.cert))).toEqual(bare(one, two));
});

test("of certificates that are given one by one, the authority's is left out", () => {
  expect(readCertificates([leaf.cert, intermediate.cert, root.cert], new Date())).toMatchObject({
    ok: true,
    certificates: [{ pem: expect.stringContaining("CERTIFICATE") as string }],
    warnings: [expect.stringContaining("authority") as string, expect.any(String) as string],
  });
  expect(readCertificates([intermediate.cert, expiredLeaf.cert], new Date())).toMatchObject({ ok: false });
});

describe("a response signed with the authority's key", () => {
  /** A connection as metadata with these keys makes it. */
  const connectionBy = (...keys: string[]) => {
    const outcome = read(...keys);
    if (!outcome.ok) throw new Error(outcome.reason);
    return connectionTo(bench.idp, { certificates: outcome.idp.certificates });
  };
  const signedBy = (key: SamlKey, connection: Bench["connection"]) =>
    bench.post((request) => createSamlIdp(key, bench.idp).sign(responseXml(bench.idp.parts(request))), { connection });

  test("is refused; with the leaf's it is accepted", async () => {
    const connection = connectionBy(keyOf(leaf.cert, intermediate.cert, root.cert));
    expect(await signedBy(leaf, connection)).toMatchObject({ ok: true });
    for (const authority of [intermediate, root])
      expect(await signedBy(authority, connection)).toMatchObject({ ok: false, code: "signature_invalid" });
  });

  test("is refused too where an earlier release kept the whole chain, even after the leaf has ended", async () => {
    const kept = [leaf, intermediate, root].map(({ cert }) => certificateOf(cert));
    expect(await signedBy(leaf, connectionTo(bench.idp, { certificates: kept }))).toMatchObject({ ok: true });
    expect(await signedBy(intermediate, connectionTo(bench.idp, { certificates: kept }))).toMatchObject({
      ok: false,
      code: "signature_invalid",
    });
    const late = [expiredLeaf, intermediate].map(({ cert }) => certificateOf(cert));
    expect(await signedBy(intermediate, connectionTo(bench.idp, { certificates: late }))).toMatchObject({
      ok: false,
      code: "certificate_expired",
    });
    // The alarm goes by the leaf, and not by its authority, which lasts longer.
    expect(certificatesEnd(late).getTime()).toBeLessThan(Date.now());
    expect(signersOf(kept)).toHaveLength(1);
  });
});
