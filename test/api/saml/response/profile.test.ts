/**
 * What the web browser SSO profile lets a provider leave out, repeat or add is taken. Each case stands with the hostile
 * response that looks like it.
 */
import { describe, expect, test } from "vitest";
import { createServiceProvider } from "../../../../src/api/saml/service-provider.js";
import {
  encodeResponse,
  type ReadRequest,
  readRequest,
  type ResponseParts,
  responseXml,
} from "../../../support/saml-idp.js";
import { type Bench, PUBLIC_URL } from "../connection.js";
import { bench, from, accepted, lenient, setUpProfile } from "./profile-setup.js";

setUpProfile();

const STATUS = "urn:oasis:names:tc:SAML:2.0:status:";
const ASSERTION_ONLY = { what: ["Assertion" as const] };
const RESPONSE_ONLY = { what: ["Response" as const] };

describe("the status is read before the assertion", () => {
  /** A response that reports this, without an assertion. */
  const failing = (codes: string, signing?: Parameters<Bench["idp"]["sign"]>[1]) => (request: ReadRequest) => {
    const xml = responseXml(bench.idp.parts(request))
      .replace(/<samlp:StatusCode [^>]*>/, codes)
      .replace(/<saml:Assertion.*<\/saml:Assertion>/, "");
    return signing ? bench.idp.sign(xml, signing) : xml;
  };
  const code = (name: string, inner = "") =>
    `<samlp:StatusCode Value="${name.includes(":") ? name : STATUS + name}">${inner}</samlp:StatusCode>`;

  test.each<[string, string, RegExp]>([
    [code("Responder", code("RequestDenied")), "Responder/RequestDenied", /denied.*\(Responder\/RequestDenied\)/],
    [code("Responder", code("AuthnFailed")), "Responder/AuthnFailed", /could not authenticate/],
    [code("Responder", code("NoPassive")), "Responder/NoPassive", /have had to ask/],
    [code("Requester", code("InvalidNameIDPolicy")), "Requester/InvalidNameIDPolicy", /NameID/],
    [code("Requester", code("NoAuthnContext")), "Requester/NoAuthnContext", /authnContextClassRefs/],
    [code("AuthnFailed"), "AuthnFailed", /could not authenticate/],
    [code("Responder"), "Responder", /could not answer/],
    [code("VersionMismatch"), "VersionMismatch", /SAML 2.0/],
    [code("Requester", code("urn:x:<b>hello".replace("<b>", "&lt;b&gt;"))), "Requester", /cannot answer/],
  ])("%s", async (codes, status, saying) => {
    for (const signing of [undefined, RESPONSE_ONLY]) {
      const outcome = await bench.post(failing(codes, signing));
      expect(outcome).toMatchObject({
        ok: false,
        code: "status_not_success",
        status,
        detail: expect.stringMatching(saying) as string,
      });
      expect(JSON.stringify(outcome)).not.toContain("hello");
    }
  });

  test("and a failure with a signed assertion in it is a failure", async () => {
    expect(await bench.postParts({ status: `${STATUS}Responder` })).toMatchObject({
      ok: false,
      code: "status_not_success",
      status: "Responder",
    });
    expect(await bench.postParts({ status: `${STATUS}Responder` }, ASSERTION_ONLY, lenient)).toMatchObject({
      ok: false,
      code: "status_not_success",
    });
  });

  test("and a success without an assertion is none", async () => {
    expect(await bench.post(failing(code("Success"), RESPONSE_ONLY))).toMatchObject({
      ok: false,
      code: "structure_refused",
    });
    expect(await bench.post(failing(code("Success", code("RequestDenied")), RESPONSE_ONLY))).toMatchObject({
      ok: false,
      code: "structure_refused",
    });
  });
});

describe("clocks", () => {
  test.each<[string, (ms: number) => Partial<ResponseParts>, string]>([
    ["ahead: NotBefore", (ms) => ({ notBefore: from(ms) }), "not_yet_valid"],
    ["ahead: everything", (ms) => ({ notBefore: from(ms), issueInstant: from(ms) }), "not_yet_valid"],
    ["behind: NotOnOrAfter", (ms) => ({ notOnOrAfter: from(-ms) }), "expired"],
    ["behind: the confirmation", (ms) => ({ confirmationNotOnOrAfter: from(-ms) }), "expired"],
    ["behind: the session", (ms) => ({ sessionNotOnOrAfter: from(-ms) }), "session_expired"],
  ])("%s by 30 s do no harm, by 90 s only where the connection or the service says so", async (_name, parts, code) => {
    expect(await bench.postParts(parts(30_000))).toMatchObject(accepted);
    expect(await bench.postParts(parts(90_000))).toMatchObject({ ok: false, code });
    expect(await bench.postParts(parts(90_000), {}, { ...bench.connection, clockSkewSeconds: 180 })).toMatchObject(
      accepted,
    );
    expect(await bench.postParts(parts(30_000), {}, { ...bench.connection, clockSkewSeconds: 5 })).toMatchObject({
      ok: false,
      code,
    });
    const patient = createServiceProvider({ store: bench.store, publicUrl: PUBLIC_URL, clockSkewSeconds: 180 });
    for (const [connection, outcome] of [
      [bench.connection, accepted],
      [
        { ...bench.connection, clockSkewSeconds: 60 },
        { ok: false, code },
      ],
    ] as const) {
      const { url, requestId } = await patient.begin(connection, "s");
      expect(
        await patient.accept(connection, { SAMLResponse: bench.idp.respond(readRequest(url), parts(90_000)) }, [
          requestId,
        ]),
      ).toMatchObject(outcome);
    }
  });

  test("a session that is over by less than that lasts until then, and others end when they end", async () => {
    const outcome = await bench.postParts({ sessionNotOnOrAfter: from(-10_000) });
    expect(outcome.ok && outcome.identity.sessionNotOnOrAfter?.getTime()).toBeGreaterThan(Date.now());
  });
});

describe("what may be absent", () => {
  test.each<[string, Partial<ResponseParts>, string]>([
    ["Destination", { destination: null }, "destination_mismatch"],
    ["Issuer", { issuer: null }, "issuer_mismatch"],
  ])("%s of a response that is not signed, and of no other", async (_name, absent, code) => {
    expect(await bench.postParts(absent, ASSERTION_ONLY, lenient)).toMatchObject(accepted);
    expect(await bench.postParts(absent, {}, bench.connection)).toMatchObject({ ok: false, code });
    // Signed though nobody asked for it.
    expect(await bench.postParts(absent, {}, lenient)).toMatchObject({ ok: false, code });
  });

  test.each<[string, Partial<ResponseParts>, string]>([
    ["Destination", { destination: "https://other.example/acs" }, "destination_mismatch"],
    ["no address", { destination: "" }, "destination_mismatch"],
    ["Issuer", { issuer: "https://other.example" }, "issuer_mismatch"],
    ["no Issuer", { issuer: "" }, "issuer_mismatch"],
    ["a second Issuer", { inResponse: "<saml:Issuer>https://other.example</saml:Issuer>" }, "issuer_mismatch"],
  ])("but another one is refused: %s", async (_name, other, code) => {
    expect(await bench.postParts(other, ASSERTION_ONLY, lenient)).toMatchObject({ ok: false, code });
  });

  test("the Issuer of the assertion is none of that", async () => {
    expect(await bench.postParts({ assertionIssuer: null }, ASSERTION_ONLY, lenient)).toMatchObject({
      ok: false,
      code: "issuer_mismatch",
    });
  });

  test("the response's own signature, when it is there, must hold though nobody asks for it", async () => {
    const signed = (request: ReadRequest) => bench.idp.sign(responseXml(bench.idp.parts(request)));
    const removed = (xml: string) => xml.replace(/ Destination="[^"]*"/, "");
    expect(await bench.post((request) => removed(signed(request)), { connection: lenient })).toMatchObject({
      ok: false,
    });
    expect(
      await bench.post((request) => signed(request).replace("<samlp:Status>", "<samlp:Status >"), {
        connection: lenient,
      }),
    ).toMatchObject(accepted);
    expect(
      await bench.post(
        (request) =>
          signed(request).replace("</samlp:Status>", "<samlp:StatusMessage>x</samlp:StatusMessage></samlp:Status>"),
        { connection: lenient },
      ),
    ).toMatchObject({ ok: false, code: "signature_invalid" });
  });

  test("the end of the conditions, whose age and confirmation have one", async () => {
    expect(await bench.postParts({ notOnOrAfter: null })).toMatchObject(accepted);
    expect(await bench.postParts({ notOnOrAfter: null, notBefore: null })).toMatchObject(accepted);
    expect(await bench.postParts({ notOnOrAfter: null, issueInstant: from(-600_000) })).toMatchObject({
      ok: false,
      code: "expired",
    });
    expect(await bench.postParts({ notOnOrAfter: null, confirmationNotOnOrAfter: from(-600_000) })).toMatchObject({
      ok: false,
      code: "expired",
    });
  });
});

describe("attributes that are not used are skipped", () => {
  test.each<[string, [string, string[]][]]>([
    ["a photograph of 30,000 characters", [["thumbnailPhoto", ["A".repeat(30_000)]]]],
    ["jpegPhoto of 100,000", [["urn:oid:0.9.2342.19200300.100.1.60", ["A".repeat(100_000)]]]],
    ["300 of them", Array.from({ length: 300 }, (_each, index): [string, string[]] => [`a${index}`, ["x"]])],
    ["one with 2,500 values", [["entitlements", Array.from({ length: 2_500 }, (_each, index) => `e${index}`)]]],
    ["groups of a name that is not the one", [["memberOf", ["x".repeat(5_000)]]]],
    ["a name of 300 characters", [["x".repeat(300), ["x"]]]],
    ["a display name that nobody can show", [["displayName", ["x".repeat(5_000)]]]],
  ])("%s", async (_name, more) => {
    expect(await bench.postParts({ attributes: [...more, ["groups", ["staff"]], ["cn", ["A Person"]]] })).toMatchObject(
      { ok: true, identity: { groups: ["staff"], displayName: "A Person" } },
    );
  });

  test("and the size of the document stays the limit", async () => {
    expect(await bench.postParts({ attributes: [["thumbnailPhoto", ["A".repeat(260_000)]]] })).toMatchObject({
      ok: false,
      code: "response_too_large",
    });
  });

  test("a link instead of groups is noted, and groups that are too many are still refused", async () => {
    expect(
      await bench.postParts({
        attributes: [
          ["http://schemas.microsoft.com/claims/groups.link", ["https://graph.windows.net/x/users/y/getMemberObjects"]],
        ],
      }),
    ).toMatchObject({ ok: true, identity: { groups: [], groupsOverage: true } });
    const plain = await bench.postParts({});
    expect(plain.ok && plain.identity).not.toHaveProperty("groupsOverage");
  });
});

describe("a signature that is missing is named with its cure", () => {
  test.each<[string, ("Assertion" | "Response")[], RegExp]>([
    [
      "of the assertion, as Google Workspace sends it",
      ["Response"],
      /Only the response is signed.*Google Workspace.*`requireSignedResponse`/,
    ],
    ["of the response", ["Assertion"], /Only the assertion is signed.*`requireSignedResponse`/],
    ["of both", [], /Neither/],
  ])("%s", async (_name, what, detail) => {
    expect(await bench.postParts({}, { what })).toMatchObject({
      ok: false,
      code: "signature_missing",
      detail: expect.stringMatching(detail) as string,
    });
  });
});

test("blank lines before the response do no harm", async () => {
  expect(
    await bench.post(
      (request) =>
        encodeResponse(`\n \r\n<?xml version="1.0"?>\n${bench.idp.sign(responseXml(bench.idp.parts(request)))}\n`),
      { field: true },
    ),
  ).toMatchObject(accepted);
});
