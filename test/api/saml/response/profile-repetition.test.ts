import { describe, expect, test } from "vitest";
import { type ReadRequest, type ResponseParts, responseXml } from "../../../support/saml-idp.js";
import { PUBLIC_URL } from "../connection.js";
import { bench, from, accepted, setUpProfile } from "./profile-setup.js";
import { filled } from "../../../support/xml.js";

setUpProfile();

const MFA = "https://refeds.org/profile/mfa";

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
    `<saml:AuthnStatement AuthnInstant="${from(0)}"${more}>` +
    filled("saml:AuthnContext", {}, filled("saml:AuthnContextClassRef", {}, classRef)) +
    "</saml:AuthnStatement>";
  const audience = (...names: string[]) =>
    filled("saml:AudienceRestriction", {}, ...names.map((name) => filled("saml:Audience", {}, name)));

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
      filled(
        "saml:AttributeStatement",
        {},
        filled("saml:Attribute", { Name: name }, filled("saml:AttributeValue", {}, value)),
      );
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

test.each(["&#8203;", "&#173;", "&#8205;&#65039;", "&#xE0041;", "&#x3164;", "per&#x61C;son"])(
  "a name without a character that can be seen names nobody, nor does one that turns its direction: %s",
  async (nameId) => {
    expect(await bench.postParts({ nameId })).toMatchObject({ ok: false, code: "name_id_refused" });
  },
);

test("a name may have an invisible joiner between others, as Persian names do", async () => {
  expect(await bench.postParts({ nameId: "علی&#8204;رضا" })).toMatchObject({ ok: true });
});
