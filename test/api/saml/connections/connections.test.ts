/**
 * SAML connections over HTTP: made from metadata or its parts, certificates rolled over, and what is refused without a
 * trace.
 */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bareCertificate, createSamlKey } from "../../../support/saml-idp.js";
import { filled } from "../../../support/xml.js";
import {
  DAY_MS,
  api,
  idp,
  type View,
  create,
  METADATA_REFUSED,
  other,
  origin,
  setUpConnections,
} from "./connections-setup.js";

setUpConnections();

const count = async () => (await api.store.samlConnections.all()).length;
/** Refused, and nothing was made. */
const refuses = async (body: Record<string, unknown>, expected: Record<string, unknown>) => {
  const before = await count();
  expect(await api.problem("POST", "/v1/saml-connections", { body: { name: "Example", ...body } })).toMatchObject(
    expected,
  );
  expect(await count()).toBe(before);
};

describe("a connection", () => {
  test(
    "is made from metadata, with strict defaults and the addresses that the identity provider " + "must know",
    async () => {
      const view = await create({ metadataXml: idp.metadataXml() });
      expect(view).toMatchObject({
        entityId: idp.entityId,
        ssoUrl: idp.ssoUrl,
        requireSignedResponse: true,
        idpInitiated: false,
        groupIds: [],
        roles: [],
        status: "enabled",
        expiring: false,
        acsUrl: `${api.url}/saml/acs/${view.id}`,
        spEntityId: `${api.url}/saml/metadata/${view.id}`,
      });
      expect(view.certificates).toHaveLength(1);
      expect(bareCertificate(view.certificates[0]?.pem ?? "")).toBe(bareCertificate(idp.key.cert));
      expect((await api.call("GET", `/v1/saml-connections/${view.id}`)).body).toEqual(view);
      expect((await api.call<{ data: View[] }>("GET", "/v1/saml-connections")).body.data.map(({ id }) => id)).toContain(
        view.id,
      );
    },
  );

  test("is made from an address, which is asked once and by the guard's leave", async () => {
    other.answer = { status: 200, body: `\ufeff${idp.metadataXml()}` };
    expect(await create({ metadataUrl: `${origin}/metadata` })).toMatchObject({ entityId: idp.entityId });
    await refuses({ metadataUrl: "https://169.254.169.254/latest" }, { status: 422, code: "target_refused" });
    await refuses({ metadataUrl: "http://127.0.0.1:1/" }, { code: "target_refused" });
    await refuses({ metadataUrl: "file:///etc/passwd" }, { code: "target_refused" });
    for (const answer of [
      { status: 302, body: "", headers: { location: `${origin}/other` } },
      { status: 404, body: idp.metadataXml() },
      { status: 200, body: Buffer.alloc(1024 * 1024 + 1, 32) },
      { status: 200, body: idp.metadataXml().replace("UTF-8", "KOI-7") },
      { status: 200, body: "" },
      { status: 200, body: Buffer.from([0xff, 0xfe]) },
      { status: 200, body: "<html></html>" },
    ]) {
      other.answer = answer;
      await refuses({ metadataUrl: `${origin}/metadata` }, METADATA_REFUSED);
    }
  });

  test("is made from the bytes of an address in whatever encoding they declare", async () => {
    const declared = (encoding: string) => `\ufeff\n${idp.metadataXml().replace("UTF-8", encoding)}`;
    for (const body of [
      Buffer.from(declared("UTF-16"), "utf16le"),
      Buffer.from(declared("ISO-8859-1").slice(1), "latin1"),
    ]) {
      other.answer = { status: 200, body };
      expect(await create({ metadataUrl: `${origin}/metadata` })).toMatchObject({ entityId: idp.entityId });
    }
  });

  test("is made from an address that compresses what it gives, within the same bounds", async () => {
    const compressed = (text: string) => ({
      status: 200,
      headers: { "content-encoding": "gzip" },
      body: gzipSync(text),
    });
    other.answer = compressed(idp.metadataXml());
    expect(await create({ metadataUrl: `${origin}/metadata` })).toMatchObject({ entityId: idp.entityId });
    other.answer = compressed(idp.metadataXml() + " ".repeat(1024 * 1024));
    await refuses({ metadataUrl: `${origin}/metadata` }, METADATA_REFUSED);
    other.answer = {
      status: 200,
      headers: { "content-encoding": "zstd" },
      body: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0x00, 0x00]),
    };
    await refuses(
      { metadataUrl: `${origin}/metadata` },
      { ...METADATA_REFUSED, detail: expect.stringContaining("came compressed") as string },
    );
  });

  test(
    "is made from a federation's aggregate of up to 8 MiB, given or fetched, when it is said " +
      "which provider is meant",
    async () => {
      const filler =
        '<md:EntityDescriptor entityID="urn:sp"><md:SPSSODescriptor ' +
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>\n';
      const aggregate = (size: number) =>
        filled(
          "md:EntitiesDescriptor",
          { "xmlns:md": "urn:oasis:names:tc:SAML:2.0:metadata" },
          filler.repeat(size / filler.length),
          idp.metadataXml().replace(/^<\?.*\?>/, ""),
        );
      const { entityId } = idp;
      expect(await create({ metadataXml: aggregate(7_900_000), entityId })).toMatchObject({ entityId });
      other.answer = { status: 200, body: aggregate(1_300_000) };
      const view = await create({ metadataUrl: `${origin}/metadata`, entityId });
      expect(
        (
          await api.call("POST", `/v1/saml-connections/${view.id}/metadata`, {
            body: { metadataUrl: `${origin}/metadata` },
          })
        ).status,
      ).toBe(200);
      await refuses(
        { metadataUrl: `${origin}/metadata` },
        { ...METADATA_REFUSED, detail: expect.stringMatching(/8 MiB.*MDQ/) as string },
      );
      for (const body of [
        { metadataXml: aggregate(1_300_000) },
        { metadataXml: aggregate(8_500_000), entityId },
        { metadataXml: aggregate(13_000_000), entityId },
      ]) {
        await refuses(body, {
          status: 413,
          code: "payload_too_large",
          detail: expect.stringMatching(/1 MiB.*8 MiB.*MDQ/) as string,
        });
      }
    },
  );

  test("says what of the metadata was left out, in that answer alone", async () => {
    const ended = await createSamlKey({ notAfter: new Date(Date.now() - DAY_MS / 2) });
    const view = await create({ metadataXml: idp.metadataXml([ended.cert, idp.key.cert]) });
    expect(view).toMatchObject({ certificates: [{}], warnings: [expect.stringContaining("expired") as string] });
    expect((await api.call("GET", `/v1/saml-connections/${view.id}`)).body).not.toHaveProperty("warnings");
    expect(
      (
        await api.call("POST", `/v1/saml-connections/${view.id}/metadata`, {
          body: { metadataXml: idp.metadataXml([ended.cert]) },
        })
      ).status,
    ).toBe(422);
    expect(
      (
        await api.call("POST", `/v1/saml-connections/${view.id}/metadata`, {
          body: { certificates: [ended.cert, idp.key.cert] },
        })
      ).body,
    ).toMatchObject({ warnings: [expect.stringContaining("expired") as string] });
  });

  test("keeps the address for POST beside the other, and a clock's skew of its own", async () => {
    const view = await create({ metadataXml: idp.metadataXml(), clockSkewSeconds: 120 });
    expect(view).toMatchObject({ ssoUrl: idp.ssoUrl, ssoPostUrl: `${idp.ssoUrl}/post`, clockSkewSeconds: 120 });
    const path = `/v1/saml-connections/${view.id}`;
    expect((await api.call("PATCH", path, { body: { clockSkewSeconds: 0 } })).body).toMatchObject({
      clockSkewSeconds: 0,
    });
    expect((await api.call("PATCH", path, { body: { clockSkewSeconds: null } })).body).not.toHaveProperty(
      "clockSkewSeconds",
    );
    for (const clockSkewSeconds of [-1, 301, 1.5, "60"])
      expect(await api.problem("PATCH", path, { body: { clockSkewSeconds } })).toMatchObject({ status: 400 });
  });

  test("is made from its parts", async () => {
    const view = await create({
      entityId: "urn:idp",
      ssoUrl: "https://idp.example/sso?tenant=1",
      certificates: [bareCertificate(idp.key.cert)],
      authnContextClassRefs: ["https://refeds.org/profile/mfa"],
    });
    expect(view).toMatchObject({
      entityId: "urn:idp",
      ssoUrl: "https://idp.example/sso?tenant=1",
      authnContextClassRefs: ["https://refeds.org/profile/mfa"],
    });
    await create({ entityId: "urn:trial", ssoUrl: "http://127.0.0.1:7000/sso", certificates: [idp.key.cert] });
  });

  test.each([
    [{}],
    [{ metadataXml: "<x/>", metadataUrl: "https://example.com" }],
    [{ entityId: "urn:idp" }],
    [{ entityId: "urn:idp", ssoUrl: "https://a.example" }],
    [{ ssoUrl: "https://a.example", certificates: ["x"] }],
    [{ metadataXml: "<x/>", unknown: 1 }],
    [{ metadataXml: 7 }],
    [{ metadataXml: "" }],
    [{ metadataXml: "<x/>", roles: [{ samlGroup: "a", role: "consumer" }] }],
    [{ metadataXml: "<x/>", roles: [{ samlGroup: "a", role: "admin", apiIds: ["api_01K3ZJ8Q5T9V7X2M4N6P8R0S1W"] }] }],
    [{ metadataXml: "<x/>", authnContextClassRefs: [] }],
  ])("is not made from %j", (body) => refuses(body, { status: 400, code: "invalid_request" }));

  test("gives only what exists", async () => {
    const body = { metadataXml: idp.metadataXml() };
    await refuses({ ...body, groupIds: ["grp_01K3ZJ8Q5T9V7X2M4N6P8R0S1W"] }, { status: 422, code: "group_unknown" });
    await refuses(
      { ...body, roles: [{ samlGroup: "x", role: "provider", apiIds: ["api_01K3ZJ8Q5T9V7X2M4N6P8R0S1W"] }] },
      { status: 422, code: "api_unknown" },
    );
    const group = await api.call("POST", "/v1/groups", { body: { name: "partners" } });
    expect(
      await create({ ...body, groupIds: [group.body["id"]], roles: [{ samlGroup: "ops", role: "operator" }] }),
    ).toMatchObject({ groupIds: [group.body["id"]], roles: [{ samlGroup: "ops", role: "operator" }] });
  });

  test("is changed, but never to another identity provider", async () => {
    const { id } = await create({ metadataXml: idp.metadataXml() });
    const path = `/v1/saml-connections/${id}`;
    expect(
      (
        await api.call("PATCH", path, {
          body: { status: "disabled", groupsAttribute: "memberOf", requireSignedResponse: false },
        })
      ).body,
    ).toMatchObject({ status: "disabled", groupsAttribute: "memberOf", requireSignedResponse: false });
    expect(
      (await api.call("PATCH", path, { body: { groupsAttribute: null, ssoUrl: "https://new.example/sso" } })).body,
    ).not.toHaveProperty("groupsAttribute");
    for (const body of [{}, { entityId: "urn:other" }, { certificates: [idp.key.cert] }, { name: null }])
      expect(await api.problem("PATCH", path, { body })).toMatchObject({ status: 400 });
    for (const ssoUrl of [
      "http://idp.example/sso",
      "javascript:alert(1)",
      "https://user:pass@idp.example/",
      "https://idp.example/#x",
      "//idp.example",
    ]) {
      expect(await api.problem("PATCH", path, { body: { ssoUrl } })).toMatchObject(METADATA_REFUSED);
    }
    expect((await api.call("GET", path)).body).toMatchObject({
      ssoUrl: "https://new.example/sso",
      entityId: idp.entityId,
    });
    expect((await api.call("DELETE", path)).status).toBe(204);
    expect(await api.problem("GET", path)).toMatchObject({ status: 404 });
    expect(await api.problem("DELETE", path)).toMatchObject({ status: 404 });
  });

  test("leaves a trace of every change in the audit, without certificates or metadata", async () => {
    const { id } = await create({ metadataXml: idp.metadataXml() });
    await api.call("PATCH", `/v1/saml-connections/${id}`, { body: { status: "disabled" } });
    const audit = await api.call<{ data: { action: string; subject: string }[] }>("GET", "/v1/audit");
    expect(audit.body.data.filter(({ subject }) => subject === id).map(({ action }) => action)).toEqual([
      "saml_connection.change",
      "saml_connection.create",
    ]);
    expect(audit.text).not.toContain("CERTIFICATE");
  });
});
