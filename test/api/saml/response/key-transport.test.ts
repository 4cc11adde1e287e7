/** RSA-OAEP with digests and mask generations of every pairing, against OpenSSL's own command where it is at hand. */
import { execFileSync } from "node:child_process";
import { constants, generateKeyPairSync, publicEncrypt, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type OaepHash, unwrapOaep } from "../../../../src/api/saml/response/key-transport.js";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const HASHES: readonly OaepHash[] = ["sha1", "sha256", "sha384", "sha512"];
const PAIRS = HASHES.flatMap((digest) => HASHES.map((mgf) => ({ digest, mgf })));

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"]);
    return true;
  } catch {
    return false;
  }
}
const there = hasOpenssl();
if (!there)
  process.stdout.write(
    "test/api/saml/response/key-transport.test.ts compares nothing with OpenSSL's command: it is " +
      "not on this machine.\n",
  );

/** What OpenSSL's command makes of the key. */
function wrappedByOpenssl(key: Buffer, { digest, mgf }: { digest: OaepHash; mgf: OaepHash }): Buffer {
  const directory = mkdtempSync(path.join(tmpdir(), "oaep-"));
  try {
    const pem = path.join(directory, "public.pem");
    writeFileSync(pem, publicKey.export({ type: "spki", format: "pem" }));
    return execFileSync(
      "openssl",
      [
        "pkeyutl",
        "-encrypt",
        "-pubin",
        "-inkey",
        pem,
        "-pkeyopt",
        "rsa_padding_mode:oaep",
        "-pkeyopt",
        `rsa_oaep_md:${digest}`,
        "-pkeyopt",
        `rsa_mgf1_md:${mgf}`,
      ],
      { input: key },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.each(PAIRS)("digest $digest, masks by $mgf", (oaep) => {
  test.skipIf(!there)("opens what OpenSSL wrapped", () => {
    const key = randomBytes(32);
    expect(unwrapOaep(privateKey, oaep, wrappedByOpenssl(key, oaep))).toEqual(key);
  });

  test("opens nothing else", () => {
    const other = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, randomBytes(32));
    for (const wrapped of [other, randomBytes(256), Buffer.alloc(256), Buffer.alloc(0), randomBytes(300)])
      expect(unwrapOaep(privateKey, oaep, wrapped)).toBeUndefined();
  });
});

test("opens nothing that was changed in one byte, nor by other hashes than it was wrapped with", () => {
  const wrapped = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
    randomBytes(16),
  );
  for (const { digest, mgf } of PAIRS)
    expect(unwrapOaep(privateKey, { digest, mgf }, wrapped) === undefined).toBe(
      digest !== "sha256" || mgf !== "sha256",
    );
  wrapped[200] = (wrapped[200] ?? 0) ^ 1;
  expect(unwrapOaep(privateKey, { digest: "sha256", mgf: "sha256" }, wrapped)).toBeUndefined();
  expect(unwrapOaep(privateKey, { digest: "sha256", mgf: "sha1" }, wrapped)).toBeUndefined();
});
