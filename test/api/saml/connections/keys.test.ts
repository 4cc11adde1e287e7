/** This service's own keys towards an identity provider: made with the connection, published, rotated, never shown. */
import { X509Certificate } from "node:crypto";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createBrowser, makeCompany } from "../../browser.js";
import { createSamlIdp, createSamlKey } from "../../../support/saml-idp.js";
import { type RunningApi, startApi } from "../../running-api.js";

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
});
afterAll(() => api?.close());

interface KeyView {
  fingerprint256: string;
  certificate: string;
  createdAt: string;
  expiresAt?: string;
}
const keysOf = (body: Record<string, unknown>) => body["keys"] as KeyView[];
const audits = async (subject: string, action: string) =>
  (await api.store.audit.list({ limit: 250 }, { subject, action })).data;

async function connect(): Promise<Record<string, unknown>> {
  const answer = await api.call("POST", "/v1/saml-connections", {
    body: { name: "Example", metadataXml: createSamlIdp(await createSamlKey()).metadataXml() },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** The certificates that the metadata gives for a use. */
async function published(id: string, use: "signing" | "encryption"): Promise<string[]> {
  const { text } = await api.call("GET", `/saml/metadata/${id}`, { key: "" });
  return [
    ...text.matchAll(
      new RegExp(`<KeyDescriptor use="${use}">\\s*<ds:KeyInfo><ds:X509Data><ds:X509Certificate>([^<]*)`, "g"),
    ),
  ].map(([, base64 = ""]) =>
    new X509Certificate(Buffer.from(base64, "base64")).fingerprint256.replaceAll(":", "").toLowerCase(),
  );
}

describe("a key pair", () => {
  test(
    "comes with the connection, is in the metadata for both uses, and its private key in nothing " +
      "that is answered, stored or logged",
    async () => {
      const made = await connect();
      const [key, ...more] = keysOf(made);
      expect(more).toEqual([]);
      expect(Object.keys(key ?? {}).sort()).toEqual(["certificate", "createdAt", "fingerprint256", "notAfter"]);
      const id = String(made["id"]);
      expect(await published(id, "signing")).toEqual([key?.fingerprint256]);
      expect(await published(id, "encryption")).toEqual([key?.fingerprint256]);
      const privateKey = (await api.store.samlConnections.get(id))?.keys?.[0]?.privateKey ?? "";
      expect(privateKey).toContain("PRIVATE KEY");
      // Bytes 672 to 720 belong to the private exponent. The modulus before them is public and in every certificate.
      const secret = privateKey.split("\n")[15] ?? "";
      expect(secret.length).toBeGreaterThan(60);
      for (const path of [`/v1/saml-connections/${id}`, "/v1/saml-connections", `/saml/metadata/${id}`, "/v1/audit"])
        expect((await api.call("GET", path)).text).not.toContain(secret);
      expect(JSON.stringify(api.log)).not.toContain(secret);
      const client = await MongoClient.connect(inject("mongodbUrl"));
      try {
        const row = await client.db(api.database).collection<{ _id: string }>("samlConnections").findOne({ _id: id });
        expect(row).toHaveProperty("sealedKeys");
        expect(
          Buffer.from(JSON.stringify(row)).toString("latin1") + String(row?.["sealedKeys" as "_id"]),
        ).not.toContain(secret);
      } finally {
        await client.close();
      }
    },
  );

  test(
    "is made for an older connection when its metadata is first asked for, once, and the audit " + "says so",
    async () => {
      const { connection } = await makeCompany(api);
      expect((await api.call("GET", `/v1/saml-connections/${connection.id}`)).body["keys"]).toEqual([]);
      const answers = await Promise.all(Array.from({ length: 4 }, () => published(connection.id, "encryption")));
      expect(new Set(answers.flat()).size).toBe(1);
      expect(await audits(connection.id, "saml_connection.key")).toMatchObject([
        { actor: "service", detail: { certificate: answers[0]?.[0] } },
      ]);
      expect(keysOf((await api.call("GET", `/v1/saml-connections/${connection.id}`)).body)).toMatchObject([
        { fingerprint256: answers[0]?.[0] },
      ]);
      expect((await createBrowser(api.url).get(`/saml/login?connection=${connection.id}`)).status).toBe(303);
    },
  );

  test("is rotated with an overlap: both are told for signing, the new one for encryption", async () => {
    const made = await connect();
    const [id, before] = [String(made["id"]), keysOf(made)[0]];
    const rotated = await api.call("POST", `/v1/saml-connections/${id}/keys/rotate`, {
      body: { overlapSeconds: 3_600 },
    });
    expect(rotated.status, rotated.text).toBe(200);
    const [next, last] = keysOf(rotated.body);
    expect(last).toMatchObject({ fingerprint256: before?.fingerprint256, expiresAt: expect.any(String) as string });
    expect(Date.parse(last?.expiresAt ?? "") - Date.parse(next?.createdAt ?? "")).toBe(3_600_000);
    expect(await published(id, "signing")).toEqual([next?.fingerprint256, before?.fingerprint256]);
    expect(await published(id, "encryption")).toEqual([next?.fingerprint256]);
    expect(await audits(id, "saml_connection.rotate_key")).toMatchObject([
      { detail: { overlapSeconds: 3_600, certificate: next?.fingerprint256 } },
    ]);
    for (let rotations = 0; rotations < 3; rotations++)
      await api.call("POST", `/v1/saml-connections/${id}/keys/rotate`);
    expect(keysOf((await api.call("GET", `/v1/saml-connections/${id}`)).body)).toHaveLength(3);
    const cut = await api.call("POST", `/v1/saml-connections/${id}/keys/rotate`, { body: { overlapSeconds: 0 } });
    expect(keysOf(cut.body)).toHaveLength(1);
    expect(await published(id, "signing")).toEqual(keysOf(cut.body).map(({ fingerprint256 }) => fingerprint256));
  });

  test("is rotated by admins only, and only for a connection that is there", async () => {
    const { connection } = await makeCompany(api);
    const auditor = await api.key({ role: "auditor" });
    expect(
      await api.problem("POST", `/v1/saml-connections/${connection.id}/keys/rotate`, { key: auditor.token }),
    ).toMatchObject({ status: 403 });
    expect(await api.problem("POST", "/v1/saml-connections/sso_01K3ZJ8Q5T9V7X2M4N6P8R0S1W/keys/rotate")).toMatchObject({
      status: 404,
    });
    expect(
      await api.problem("POST", `/v1/saml-connections/${connection.id}/keys/rotate`, { body: { overlapSeconds: -1 } }),
    ).toMatchObject({ status: 400 });
  });
});
