import { describe, expect, test } from "vitest";
import { bareCertificate, createSamlIdp, createSamlKey } from "../../../support/saml-idp.js";
import { DAY_MS, api, idp, type View, create, METADATA_REFUSED, setUpConnections } from "./connections-setup.js";

setUpConnections();

describe("a roll-over of certificates", () => {
  test("adds what is new and keeps what was, until it is removed; the last valid one stays", async () => {
    const next = await createSamlKey();
    const {
      id,
      certificates: [old],
    } = await create({ metadataXml: idp.metadataXml() });
    const path = `/v1/saml-connections/${id}`;
    const both = await api.call<View>("POST", `${path}/metadata`, {
      body: { metadataXml: idp.metadataXml([next.cert]) },
    });
    expect(both.body.certificates).toHaveLength(2);
    // The same again changes nothing.
    expect(
      (
        await api.call<View>("POST", `${path}/metadata`, {
          body: { certificates: [next.cert, bareCertificate(next.cert)] },
        })
      ).body.certificates,
    ).toEqual(both.body.certificates);
    expect((await api.call("DELETE", `${path}/certificates/${old?.fingerprint256}`)).status).toBe(204);
    const [left] = (await api.call<View>("GET", path)).body.certificates;
    expect(bareCertificate(left?.pem ?? "")).toBe(bareCertificate(next.cert));
    expect(await api.problem("DELETE", `${path}/certificates/${left?.fingerprint256}`)).toMatchObject({
      status: 409,
      code: "saml_certificate_needed",
    });
    expect(await api.problem("DELETE", `${path}/certificates/${old?.fingerprint256}`)).toMatchObject({ status: 404 });
    expect((await api.call<View>("GET", path)).body.certificates).toHaveLength(1);
  });

  test("takes only the same identity provider's metadata, and at most ten certificates", async () => {
    const { id } = await create({ metadataXml: idp.metadataXml() });
    const path = `/v1/saml-connections/${id}/metadata`;
    const other = createSamlIdp(idp.key, { entityId: "https://evil.example" });
    expect(await api.problem("POST", path, { body: { metadataXml: other.metadataXml() } })).toMatchObject(
      METADATA_REFUSED,
    );
    expect(await api.problem("POST", path, { body: {} })).toMatchObject({ status: 400 });
    expect(await api.problem("POST", path, { body: { metadataXml: "<x/>", certificates: ["x"] } })).toMatchObject({
      status: 400,
    });
    const keys = await Promise.all(Array.from({ length: 10 }, () => createSamlKey()));
    expect(await api.problem("POST", path, { body: { certificates: keys.map(({ cert }) => cert) } })).toMatchObject(
      METADATA_REFUSED,
    );
    expect((await api.call<View>("GET", `/v1/saml-connections/${id}`)).body.certificates).toHaveLength(1);
  });

  test("tells when the last certificate ends", async () => {
    const ending = await createSamlKey({ notAfter: new Date(Date.now() + 20 * DAY_MS) });
    const view = await create({ metadataXml: idp.metadataXml([ending.cert]) });
    expect(view.expiring).toBe(true);
    const after = await api.call<View>("POST", `/v1/saml-connections/${view.id}/metadata`, {
      body: { certificates: [idp.key.cert] },
    });
    expect(after.body.expiring).toBe(false);
    expect(Date.parse(after.body.certificateExpiresAt)).toBeGreaterThan(Date.now() + 300 * DAY_MS);
  });
});
