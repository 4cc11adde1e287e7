import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { readRequest } from "../../support/saml-idp.js";
import { bench, good, setUpServiceProvider } from "./service-provider-setup.js";

setUpServiceProvider();

// CommonJS with a default export of its own.
const boxyhq = (createRequire(import.meta.url)("@boxyhq/saml20") as typeof import("@boxyhq/saml20")).default;
const MFA = "https://refeds.org/profile/mfa";

describe("a person", () => {
  test("logs in", async () => {
    const outcome = await bench.post(good, { field: true });
    expect(outcome).toMatchObject({
      ok: true,
      identity: {
        nameId: "person-1",
        nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        groups: ["staff"],
        email: "person@example.com",
        displayName: "A Person",
        sessionIndex: "_session",
        authnContextClassRef: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
      },
    });
    expect(outcome.ok && outcome.identity.attributes.get("groups")).toEqual(["staff"]);
  });

  test("logs in by an identity provider of other people's making (@boxyhq/saml20)", async () => {
    const { url, requestId } = await bench.provider.begin(bench.connection, "s");
    const { acsUrl, issuer } = readRequest(url);
    const parsed = (await boxyhq.parseSAMLRequest(
      await boxyhq.decodeBase64(new URL(url).searchParams.get("SAMLRequest") ?? "", true),
      false,
    )) as { id: string; acsUrl: string; audience: string };
    expect(parsed).toMatchObject({ id: requestId, acsUrl, audience: issuer });
    const xml = await boxyhq.createSAMLResponse({
      audience: parsed.audience,
      issuer: bench.idp.entityId,
      acsUrl: parsed.acsUrl,
      requestId: parsed.id,
      privateKey: bench.idp.key.key,
      publicKey: bench.idp.key.cert,
      claims: { email: "grace@example.com", raw: { id: "7", email: "grace@example.com", groups: ["staff", "ops"] } },
      flattenArray: false,
    });
    const outcome = await bench.provider.accept(
      bench.connection,
      { SAMLResponse: Buffer.from(xml).toString("base64") },
      [requestId],
    );
    expect(outcome).toMatchObject({
      ok: true,
      identity: { nameId: "grace@example.com", email: "grace@example.com", groups: ["staff", "ops"] },
    });
  });

  test(
    "has the values of attributes that are written one by one, and the groups of the attribute " +
      "that the connection names",
    async () => {
      const attributes: [string, string[]][] = [
        ["Role", ["a"]],
        ["Role", ["b", "a", ""]],
        ["memberOf", ["cn=x"]],
        ["teams", ["red"]],
      ];
      expect(await bench.postParts({ attributes: attributes.slice(0, 2) })).toMatchObject({
        identity: { groups: ["a", "b"] },
      });
      expect(await bench.postParts({ attributes })).toMatchObject({ identity: { groups: ["cn=x"] } });
      expect(
        await bench.postParts({ attributes }, {}, { ...bench.connection, groupsAttribute: "teams" }),
      ).toMatchObject({ identity: { groups: ["red"] } });
      expect(await bench.postParts({ attributes }, {}, { ...bench.connection, groupsAttribute: "none" })).toMatchObject(
        { identity: { groups: [] } },
      );
      expect(await bench.postParts({ attributes: [] })).toMatchObject({ identity: { groups: [] } });
    },
  );

  test("is shown without what would break a line, and named as they are", async () => {
    expect(
      await bench.postParts({
        nameId: "&lt;b&gt;é",
        attributes: [
          ["displayName", ["a&#10;b", "Plain"]],
          ["x", ["<y/>", "z"]],
        ],
      }),
    ).toMatchObject({ identity: { nameId: "<b>é", displayName: "Plain" } });
    expect(await bench.postParts({ nameId: "x".repeat(256) })).toMatchObject({ ok: true });
  });

  test("stays no longer than the identity provider says", async () => {
    const ends = new Date(Date.now() + 600_000);
    expect(await bench.postParts({ sessionNotOnOrAfter: ends.toISOString() })).toMatchObject({
      identity: { sessionNotOnOrAfter: ends },
    });
  });

  test("needs the second factor that the connection requires, which is asked for", async () => {
    const connection = { ...bench.connection, authnContextClassRefs: [MFA, "urn:x:mfa"] };
    expect(readRequest((await bench.provider.begin(connection, "s")).url).xml).toMatch(
      /Comparison="exact".*refeds\.org\/profile\/mfa.*urn:x:mfa/,
    );
    expect(await bench.postParts({}, {}, connection)).toMatchObject({ ok: false, code: "authn_context_mismatch" });
    expect(await bench.postParts({ authnContext: null }, {}, connection)).toMatchObject({
      ok: false,
      code: "authn_context_mismatch",
    });
    expect(await bench.postParts({ authnContext: `${MFA}/x` }, {}, connection)).toMatchObject({
      ok: false,
      code: "authn_context_mismatch",
    });
    expect(await bench.postParts({ authnContext: MFA }, {}, connection)).toMatchObject({
      ok: true,
      identity: { authnContextClassRef: MFA },
    });
  });

  test("comes by a response that is not signed itself only where the connection allows it", async () => {
    const lenient = { ...bench.connection, requireSignedResponse: false };
    expect(await bench.postParts({}, { what: ["Assertion"] }, lenient)).toMatchObject({ ok: true });
    expect(await bench.postParts({}, { what: ["Response"] }, lenient)).toMatchObject({
      ok: false,
      code: "signature_missing",
    });
  });
});
