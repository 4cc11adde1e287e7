/**
 * What the web browser SSO profile lets a provider leave out, repeat or add is taken; each with the hostile response
 * that looks like it.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createServiceProvider } from "../../../../src/api/saml/service-provider.js";
import {
  encodeResponse,
  type ReadRequest,
  readRequest,
  type ResponseParts,
  responseXml,
} from "../../../support/saml-idp.js";
import { type Bench, connectionTo, openBench, PUBLIC_URL } from "../connection.js";

const MFA = "https://refeds.org/profile/mfa";
const STATUS = "urn:oasis:names:tc:SAML:2.0:status:";
let bench: Bench;
/** Takes responses that are not signed themselves. */
let lenient: Bench["connection"];
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  lenient = connectionTo(bench.idp, { requireSignedResponse: false });
});
afterAll(() => bench?.database.close());

const from = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
const accepted = { ok: true, identity: { nameId: "person-1" } };
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

describe("one bearer's confirmation that holds is enough", () => {
  const confirmation = (method: string, data: string) =>
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:${method}">${data}</saml:SubjectConfirmation>`;
  interface Data {
    recipient?: string | undefined;
    inResponseTo?: string | undefined;
    until?: string | undefined;
  }
  const dataOf = ({ recipient, inResponseTo, until }: Data) =>
    `<saml:SubjectConfirmationData${[
      ["Recipient", recipient],
      ["InResponseTo", inResponseTo],
      ["NotOnOrAfter", until],
    ]
      .map(([name, value]) => (value === undefined ? "" : ` ${name}="${value}"`))
      .join("")}/>`;
  const good = ({ acsUrl, id }: ReadRequest): Data => ({ recipient: acsUrl, inResponseTo: id, until: from(60_000) });
  const post = (
    confirmations: (request: ReadRequest) => string,
    connection = bench.connection,
    changes: Partial<ResponseParts> = {},
  ) =>
    bench.post(
      (request) =>
        bench.idp.sign(responseXml(bench.idp.parts(request, { confirmations: confirmations(request), ...changes }))),
      { connection },
    );

  test.each<[string, (request: ReadRequest) => string]>([
    ["a sender's vouching without data", () => confirmation("sender-vouches", "")],
    [
      "a sender's vouching for another request, without an end",
      () => confirmation("sender-vouches", dataOf({ inResponseTo: "_other" })),
    ],
    [
      "a holder of a key",
      () =>
        confirmation(
          "holder-of-key",
          "<saml:SubjectConfirmationData><ds:KeyInfo " +
            'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyName>x</ds:KeyName></ds:KeyInfo></saml:SubjectConfirmationData>',
        ),
    ],
    [
      "a bearer at another address",
      (request) => confirmation("bearer", dataOf({ ...good(request), recipient: "https://other.example/acs" })),
    ],
    [
      "a bearer for another request",
      (request) => confirmation("bearer", dataOf({ ...good(request), inResponseTo: "_other" })),
    ],
    [
      "a bearer whose time is over",
      (request) => confirmation("bearer", dataOf({ ...good(request), until: from(-600_000) })),
    ],
    ["a bearer without data", () => confirmation("bearer", "")],
  ])("beside %s, which alone is not", async (_name, other) => {
    const held = (request: ReadRequest) => confirmation("bearer", dataOf(good(request)));
    expect(await post((request) => other(request) + held(request))).toMatchObject(accepted);
    expect(await post((request) => held(request) + other(request))).toMatchObject(accepted);
    expect(await post(other)).toMatchObject({
      ok: false,
      code: expect.stringMatching(/^(confirmation_refused|recipient_mismatch|request_unknown|expired)$/) as string,
    });
  });

  test("but none is put together from the parts of several", async () => {
    const elsewhere = "https://other.example/acs";
    const pairs: ((request: ReadRequest) => [Data, Data])[] = [
      (request) => [
        { ...good(request), recipient: elsewhere },
        { ...good(request), inResponseTo: "_other" },
      ],
      (request) => [
        { ...good(request), until: from(-600_000) },
        { ...good(request), recipient: elsewhere },
      ],
      (request) => [
        { ...good(request), until: undefined },
        { ...good(request), recipient: undefined },
      ],
      (request) => [
        { ...good(request), inResponseTo: undefined },
        { ...good(request), recipient: elsewhere },
      ],
    ];
    for (const pair of pairs)
      expect(
        await post((request) =>
          pair(request)
            .map((each) => confirmation("bearer", dataOf(each)))
            .join(""),
        ),
      ).toMatchObject({ ok: false });
    // The method of one and the data of another.
    expect(
      await post((request) => confirmation("bearer", "") + confirmation("sender-vouches", dataOf(good(request)))),
    ).toMatchObject({ ok: false, code: "confirmation_refused" });
    expect(
      await post((request) =>
        confirmation("bearer", dataOf({ ...good(request), recipient: elsewhere }) + dataOf(good(request))),
      ),
    ).toMatchObject({ ok: false, code: "confirmation_refused" });
  });

  test("and where nobody asked, one that answers nothing", async () => {
    const open = { ...bench.connection, idpInitiated: true };
    const unasked = { inResponseTo: null };
    const free = (request: ReadRequest) =>
      confirmation("bearer", dataOf({ ...good(request), inResponseTo: undefined }));
    const bound = (request: ReadRequest) =>
      confirmation("bearer", dataOf({ ...good(request), inResponseTo: "_other" }));
    expect(await post((request) => bound(request) + free(request), open, unasked)).toMatchObject(accepted);
    expect(await post((request) => bound(request) + bound(request), open, unasked)).toMatchObject({
      ok: false,
      code: "request_unknown",
    });
    expect(await post(free, bench.connection, unasked)).toMatchObject({ ok: false, code: "unsolicited" });
  });
});

describe("what may repeat", () => {
  const statement = (classRef: string, more = "") =>
    `<saml:AuthnStatement AuthnInstant="${from(0)}"${more}><saml:AuthnContext><saml:AuthnContextClassRef>${classRef}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`;
  const audience = (...names: string[]) =>
    `<saml:AudienceRestriction>${names.map((name) => `<saml:Audience>${name}</saml:Audience>`).join("")}</saml:AudienceRestriction>`;

  test("audiences within a restriction, and restrictions that each name this service", async () => {
    const own = `${PUBLIC_URL}/saml/metadata/${bench.connection.id}`;
    expect(
      await bench.postParts({ audience: null, conditions: audience("urn:other", own) + audience(own, "urn:third") }),
    ).toMatchObject(accepted);
    expect(await bench.postParts({ audience: null, conditions: audience(own) + audience("urn:other") })).toMatchObject({
      ok: false,
      code: "audience_mismatch",
    });
    expect(await bench.postParts({ audience: null, conditions: audience("urn:other", "urn:third") })).toMatchObject({
      ok: false,
      code: "audience_mismatch",
    });
    expect(await bench.postParts({ audience: null, conditions: audience() })).toMatchObject({
      ok: false,
      code: "audience_mismatch",
    });
  });

  test("statements of a log-in: the session ends with the first, and a required class stands in one", async () => {
    const demanding = { ...bench.connection, authnContextClassRefs: [MFA] };
    const [soon, late] = [from(300_000), from(600_000)];
    const two =
      statement("urn:password", ` SessionIndex="_one" SessionNotOnOrAfter="${late}"`) +
      statement(MFA, ` SessionIndex="_two" SessionNotOnOrAfter="${soon}"`);
    for (const connection of [bench.connection, demanding]) {
      expect(await bench.postParts({ authnStatements: two }, {}, connection)).toMatchObject({
        ok: true,
        identity: { sessionIndex: "_one", sessionNotOnOrAfter: new Date(soon) },
      });
    }
    expect(await bench.postParts({ authnStatements: two }, {}, demanding)).toMatchObject({
      identity: { authnContextClassRef: MFA },
    });
    expect(
      await bench.postParts({ authnStatements: statement("urn:password").repeat(2) }, {}, demanding),
    ).toMatchObject({ ok: false, code: "authn_context_mismatch" });
    // A second factor of a session that is over is none.
    const over = statement("urn:password") + statement(MFA, ` SessionNotOnOrAfter="${from(-600_000)}"`);
    expect(await bench.postParts({ authnStatements: over }, {}, demanding)).toMatchObject({
      ok: false,
      code: "session_expired",
    });
    expect(
      await bench.postParts({
        authnStatements: statement("urn:password") + statement(MFA, ' SessionNotOnOrAfter="never"'),
      }),
    ).toMatchObject({ ok: false, code: "authn_statement_refused" });
    expect(
      await bench.postParts({ authnStatements: "", inResponse: `<x>${statement(MFA)}</x>` }, {}, demanding),
    ).toMatchObject({ ok: false, code: "authn_statement_refused" });
  });

  test("statements of attributes", async () => {
    const attribute = (name: string, value: string) =>
      `<saml:AttributeStatement><saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`;
    expect(
      await bench.postParts({
        attributes: [],
        inAssertion: attribute("groups", "a") + attribute("displayName", "A Person") + attribute("groups", "b"),
      }),
    ).toMatchObject({ ok: true, identity: { groups: ["a", "b"], displayName: "A Person" } });
    // What stands beside the assertion was signed with the response, and is nobody's attribute all the same.
    expect(await bench.postParts({ attributes: [], inResponse: attribute("groups", "admins") })).toMatchObject({
      ok: true,
      identity: { groups: [] },
    });
    expect(
      await bench.postParts({
        attributes: [],
        inAssertion: `<saml:Advice>${attribute("groups", "admins")}</saml:Advice>`,
      }),
    ).toMatchObject({ ok: true, identity: { groups: [] } });
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
