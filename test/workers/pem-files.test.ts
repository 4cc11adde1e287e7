import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readAuthorities, readPair } from "../../src/workers/pem-files.js";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  issueChain,
  type IssuedCertificate,
  pkcs7Of,
} from "../support/certificates.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-pem-"));
let authority: CertificateAuthority;
let chain: Awaited<ReturnType<typeof issueChain>>;
let other: IssuedCertificate;
beforeAll(async () => {
  authority = await createCertificateAuthority();
  [chain, other] = await Promise.all([issueChain(authority), authority.issue()]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
const fileOf = (content: string | Buffer): string => {
  const path = join(directory, `${++files}.pem`);
  writeFileSync(path, content);
  return path;
};
const pair = (cert: string, key: string) => readPair({ key: "CERT", path: cert }, { key: "KEY", path: key });

test("authorities, as files have them", () => {
  const expected = authority.ca;
  for (const content of [
    authority.ca,
    authority.ca.replaceAll("\n", "\r\n"),
    Buffer.from(`\ufeff${authority.ca}`, "utf16le"),
    pkcs7Of([authority.ca]),
  ])
    expect(readAuthorities("CA", fileOf(content))).toBe(expected);
  // An engine may trust an intermediate directly.
  expect(readAuthorities("CA", fileOf(chain.intermediate.cert))).toBe(chain.intermediate.cert);
});

test("certificate and key, apart or in one file", () => {
  const expected = { cert: chain.leaf.cert + chain.intermediate.cert, key: chain.leaf.key };
  expect(pair(fileOf(chain.intermediate.cert + chain.leaf.cert), fileOf(chain.leaf.key))).toEqual(expected);
  const one = fileOf(`\ufeff${chain.leaf.key}${chain.leaf.cert}${chain.intermediate.cert}`);
  expect(pair(one, one)).toEqual(expected);
});

test("what is wrong is said of the setting", () => {
  const encrypted = createPrivateKey(other.key).export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "x",
  }) as string;
  expect(() => readAuthorities("CA", join(directory, "none"))).toThrow(
    /^CA names .*none, which cannot be read \(ENOENT\)/,
  );
  expect(() => readAuthorities("CA", fileOf("words"))).toThrow(/^CA names .* which holds no PEM block/);
  expect(() => readAuthorities("CA", fileOf(other.key))).toThrow(/^CA names .* which holds no certificate\.$/);
  expect(() => pair(fileOf(other.cert), fileOf(chain.leaf.key))).toThrow(
    /^KEY names .* does not belong to the certificate of CERT/,
  );
  expect(() => pair(fileOf(other.cert), fileOf(encrypted))).toThrow(
    /^KEY names .* encrypted key; decrypt it with `openssl pkey/,
  );
  expect(() => pair(fileOf(other.key), fileOf(other.key))).toThrow(/^CERT names .* holds no certificate/);
});
