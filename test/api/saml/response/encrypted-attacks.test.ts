/**
 * Every attack on a plain response, made with the assertion encrypted as well. This service's public key stands in its
 * metadata, so anybody can encrypt for it. What is forged is refused as in the plain form. What a stranger may have
 * made up is refused by one code.
 */
import { describe, expect, test } from "vitest";
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import type { SamlConnection } from "../../../../src/store/collections/saml-connections.js";
import { encryptedAssertion } from "../../../support/saml-encryption.js";
import { type ReadRequest, responseXml } from "../../../support/saml-idp.js";
import { badStatements } from "./attack-statements.js";
import { BAD_MARKUP, badSignatures, CHANGES_AFTER_SIGNING } from "./attack-vectors.js";
import { type Outcome } from "../connection.js";
import {
  bench,
  strict,
  lenient,
  certificate,
  refusedAs,
  encrypted,
  SIGNED_INSIDE,
  attacker,
  setUpEncryptedAttacks,
} from "./encrypted-attacks-setup.js";

setUpEncryptedAttacks();

const scene = { bench: () => bench, attacker: () => attacker };
const ASSERTION = /<saml:Assertion[ >][^]*<\/saml:Assertion>/;

test("what all others are made from is accepted", async () => {
  expect(await bench.post((request) => encrypted(request), { connection: strict })).toMatchObject({
    ok: true,
    identity: { nameId: "person-1" },
  });
  expect(await bench.post((request) => encrypted(request, SIGNED_INSIDE), { connection: lenient })).toMatchObject({
    ok: true,
    identity: { nameId: "person-1" },
  });
});

describe("well signed, but it says", () => {
  /**
   * Beside an encrypted assertion another one is seen first. What is no document once it is decrypted is not told from
   * what could not be decrypted.
   */
  const otherwise: Record<string, SamlRefusal> = {
    "a second assertion": "encrypted_refused",
    "a second assertion of another vocabulary": "encrypted_refused",
    "elements nested 100 deep": "decryption_failed",
    "5,000 elements": "decryption_failed",
  };
  test.each(badStatements(scene))("%s", async (name, plain, changes) => {
    const given = changes();
    const code = otherwise[name] ?? plain;
    expect(await bench.post((request) => encrypted(request, {}, { changes: given }), { connection: strict })).toEqual(
      refusedAs(code),
    );
    const outcome = await bench.post((request) => encrypted(request, SIGNED_INSIDE, { changes: given }), {
      connection: lenient,
    });
    // A response without a signature of its own need not say where it goes.
    if (given.destination === null) expect(outcome).toMatchObject({ ok: true, identity: { nameId: "person-1" } });
    else
      expect(outcome).toMatchObject({
        ok: false,
        code: expect.toSatisfy((each: string) => each === code || each === "decryption_failed") as string,
      });
  });
});

describe("what was signed by nobody, by somebody else, or otherwise than is allowed", () => {
  test.each(badSignatures(scene))("%s", async (_name, code, signing) => {
    expect(await bench.post((request) => encrypted(request, signing()), { connection: strict })).toEqual(
      refusedAs(code),
    );
    const { what = ["Assertion", "Response"], ...rest } = signing();
    const inside = what.filter((each) => each === "Assertion");
    const outcome = await bench.post((request) => encrypted(request, { ...rest, what: inside }), {
      connection: lenient,
    });
    if (inside.length > 0 && code === "signature_missing") expect(outcome).toMatchObject({ ok: true });
    else expect(outcome).toEqual(refusedAs("decryption_failed"));
  });

  test(
    "the response signed by the provider, and the assertion in it otherwise: the provider's " + "mistake is named",
    async () => {
      for (const [, code, signing] of badSignatures(scene)) {
        const { what, ...rest } = signing();
        if (what) continue;
        expect(
          await bench.post(
            (request) => bench.idp.sign(encrypted(request, { ...rest, ...SIGNED_INSIDE }), { what: ["Response"] }),
            { connection: strict },
          ),
        ).toEqual(refusedAs(code));
      }
    },
  );

  test.each<[string, ("Assertion" | "Response")[], RegExp]>([
    [
      "neither is signed",
      [],
      /Its assertion is encrypted\. Switch on signed responses.*`requireSignedResponse`.*sign the assertion before it encrypts/,
    ],
    [
      "only the assertion is",
      ["Assertion"],
      /Its assertion is encrypted\. Switch on signed responses.*`requireSignedResponse`/,
    ],
    ["only the response is", ["Response"], /^Only the response is signed.*Switch on signed assertions/],
  ])("%s: it says what to set", async (_name, what, detail) => {
    expect(await bench.post((request) => encrypted(request, { what }), { connection: strict })).toEqual({
      ok: false,
      code: "signature_missing",
      detail: expect.stringMatching(detail) as string,
    });
  });

  test.each(CHANGES_AFTER_SIGNING)("changed after it was signed: %s", async (_name, change, code) => {
    const inAssertion = (xml: string) => xml.replace(ASSERTION, (assertion) => change(assertion));
    const signed = (request: ReadRequest) => encrypted(request);
    let reached = 0;
    const applied = (before: string, after: string): string => {
      if (before !== after) reached++;
      return after;
    };
    const outside = await bench.post((request) => [signed(request)].map((xml) => applied(xml, change(xml)))[0] ?? "", {
      connection: strict,
    });
    const inside = (what: ("Assertion" | "Response")[], connection: SamlConnection) =>
      bench.post((request) => encrypted(request, { what }, { change: (xml) => applied(xml, inAssertion(xml)) }), {
        connection,
      });
    const [byProvider, byStranger] = [
      await inside(["Assertion", "Response"], strict),
      await inside(["Assertion"], lenient),
    ];
    expect(reached).toBeGreaterThan(0);
    // A change that finds nothing to change in this part leaves a good response.
    // A response's own signature under a strange name is not taken for one, nor passed over.
    const around = code === "signature_missing" ? "structure_refused" : code;
    for (const [outcome, refusal] of [
      [outside, around],
      [byProvider, code],
      [byStranger, "decryption_failed"],
    ] as const) {
      if (!outcome.ok) expect(outcome).toEqual(refusedAs(refusal));
      else expect(outcome.identity).toMatchObject({ nameId: "person-1", groups: ["staff"] });
    }
    expect([outside, byProvider, byStranger].filter(({ ok }) => !ok)).toHaveLength(reached);
  });
});

describe("what no parser should see", () => {
  // Of an encrypted assertion that one cuts nothing out.
  test.each(BAD_MARKUP.filter(([name]) => name !== "only an assertion"))(
    "around what is encrypted: %s",
    async (_name, change, code) => {
      const outcomes: Outcome[] = [];
      let changed = false;
      const make = (request: ReadRequest) => {
        const good = encrypted(request);
        changed = change(good) !== good;
        return change(good);
      };
      outcomes.push(await bench.post(make, { connection: strict }), await bench.post(make, { connection: lenient }));
      for (const outcome of outcomes)
        expect(outcome).toEqual(changed ? refusedAs(code) : expect.objectContaining({ ok: true }));
    },
  );

  test.each(BAD_MARKUP)("within it: %s", async (_name, change) => {
    const broken = (xml: string) => xml.replace(ASSERTION, (assertion) => change(assertion));
    let changed = false;
    const outcome = await bench.post(
      (request) => {
        const good = bench.idp.sign(responseXml(bench.idp.parts(request)), SIGNED_INSIDE);
        const assertion = ASSERTION.exec(good)?.[0] ?? "";
        // Of these the assertion itself is one.
        changed = broken(good) !== good;
        return good.replace(ASSERTION, () => encryptedAssertion(change(assertion), { certificate: certificate() }));
      },
      { connection: lenient },
    );
    const tooLarge = !outcome.ok && outcome.code === "response_too_large";
    if (!tooLarge)
      expect(outcome).toEqual(changed ? refusedAs("decryption_failed") : expect.objectContaining({ ok: true }));
  });
});

describe("an address instead of the ciphertext is never followed:", () => {
  const REFERENCE = '<xenc:CipherReference URI="http://169.254.169.254/latest"/>';
  test.each<[string, (xml: string) => string, SamlRefusal]>([
    [
      "of the data",
      (xml) =>
        xml.replace(
          /<xenc:CipherValue>[^<]*<\/xenc:CipherValue>(?=<\/xenc:CipherData><\/xenc:EncryptedData>)/,
          REFERENCE,
        ),
      "encrypted_refused",
    ],
    [
      "of the key",
      (xml) =>
        xml.replace(
          /<xenc:CipherValue>[^<]*<\/xenc:CipherValue>(?=<\/xenc:CipherData><\/xenc:EncryptedKey>)/,
          REFERENCE,
        ),
      "encryption_refused",
    ],
    [
      "of a key elsewhere",
      (xml) =>
        xml.replace(
          /<xenc:EncryptedKey[^]*<\/xenc:EncryptedKey>/,
          '<ds:RetrievalMethod URI="http://169.254.169.254/latest"/>',
        ),
      "encrypted_refused",
    ],
  ])("%s", async (_name, change, code) => {
    expect(
      await bench.post(
        (request) => {
          const good = encrypted(request, SIGNED_INSIDE);
          expect(change(good)).not.toBe(good);
          return change(good);
        },
        { connection: lenient },
      ),
    ).toEqual(refusedAs(code));
  });
});

test("garbage within the encryption is answered by a code", async () => {
  let seed = 11;
  const random = (below: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % below;
  const one = (round: number) =>
    bench.post(
      (request) => {
        const good = bench.idp.sign(responseXml(bench.idp.parts(request)), SIGNED_INSIDE);
        const bytes = Buffer.from(ASSERTION.exec(good)?.[0] ?? "");
        for (let hits = 0; hits <= round % 5; hits++) bytes[random(bytes.length)] = random(128);
        return good.replace(ASSERTION, () =>
          encryptedAssertion((round % 3 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes).toString("utf8"), {
            certificate: certificate(),
          }),
        );
      },
      { connection: lenient },
    );
  for (let batch = 0; batch < 4; batch++) {
    for (const outcome of await Promise.all(Array.from({ length: 20 }, (_each, index) => one(20 * batch + index)))) {
      // A changed byte inside KeyInfo's certificate is no harm.
      if (outcome.ok) expect(outcome.identity.nameId).toBe("person-1");
      else expect(outcome).toEqual(refusedAs("decryption_failed"));
    }
  }
});
