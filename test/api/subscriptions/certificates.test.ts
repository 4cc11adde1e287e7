import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { certificatesOf } from "../../../src/api/subscriptions/certificates.js";
import { type CertificateAuthority, createCertificateAuthority, issueChain } from "../../support/certificates.js";
import { makeTenant } from "../running-api.js";
import { api, create, setUpKeysAndCertificates } from "./keys-and-certificates-setup.js";

setUpKeysAndCertificates();

const DAY_MS = 86_400_000;
let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: "Acme CA" });
});

interface Read {
  sha256: string;
  daysLeft: number;
}
interface Answer extends Record<string, unknown> {
  client?: Read[];
  authorities?: Read[];
  tokenAuthorities?: Read[];
  endsFirst?: Read;
}
const read = (id: string, key = api.adminKey) =>
  api.call<Answer>("GET", `/v1/subscriptions/${id}/certificates`, { key });
const sha256 = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();

describe("the certificates of a subscription", () => {
  test("are read out: the client's with its chain in order, the authorities, and which ends first", async () => {
    const { intermediate, leaf } = await issueChain(authority);
    const other = await createCertificateAuthority({ commonName: "Token CA" });
    const { id } = await create({
      tls: { clientCert: intermediate.cert + leaf.cert, clientKey: leaf.key, ca: authority.ca },
      auth: {
        type: "oauth2",
        tokenUrl: "https://8.8.8.8/token",
        clientId: "c",
        clientSecret: "the-secret",
        ca: other.ca,
      },
    });
    const answer = await read(id);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({
      client: [
        { subject: "CN=leaf", issuer: "CN=Test intermediate", names: ["localhost", "127.0.0.1"] },
        { subject: "CN=Test intermediate", issuer: "CN=Acme CA" },
      ],
      authorities: [{ subject: "CN=Acme CA" }],
      tokenAuthorities: [{ subject: "CN=Token CA" }],
    });
    expect(answer.body.client?.map((each) => each.sha256)).toEqual([leaf.cert, intermediate.cert].map(sha256));
    // 90 days for what the authority issued, 365 for itself.
    expect(answer.body.client?.every(({ daysLeft }) => daysLeft === 89 || daysLeft === 90)).toBe(true);
    expect([sha256(leaf.cert), sha256(intermediate.cert)]).toContain(answer.body.endsFirst?.sha256);
    for (const secret of ["PRIVATE KEY", "the-secret", leaf.key.slice(40, 80)])
      expect(answer.text).not.toContain(secret);
  });

  test("are none where none is saved", async () => {
    const { id } = await create();
    expect((await read(id)).body).toEqual({});
  });

  test("are not found by another group, and are read by the auditor", async () => {
    const { id } = await create({ tls: { ca: authority.ca } });
    const other = await makeTenant(api, "certificates.other");
    expect((await read(id, other.consumerKey)).status).toBe(404);
    expect((await read(id, other.providerKey)).status).toBe(404);
    const { token } = await api.key({ role: "auditor" });
    expect((await read(id, token)).body).toMatchObject({ authorities: [{ subject: "CN=Acme CA" }] });
  });
});

test("days are whole ones until the end, and negative after it", async () => {
  const notAfter = new Date(Date.now() + 60 * DAY_MS);
  notAfter.setMilliseconds(0);
  const { cert, key } = await authority.issue({ usage: "client", notAfter });
  const daysLeft = (before: number) =>
    certificatesOf({ tls: { clientCert: cert, clientKey: key } }, new Date(notAfter.getTime() - before)).endsFirst
      ?.daysLeft;
  expect([30 * DAY_MS, DAY_MS - 1, 0, -1, -DAY_MS].map(daysLeft)).toEqual([30, 0, 0, -1, -1]);
  expect(certificatesOf({ tls: { clientCert: "damaged" } }, new Date())).toEqual({});
});
