/**
 * Every bad response, made by a signer of the tests' own from one that is accepted. Each is refused with a code.
 * Nothing throws, and nothing is used up.
 */
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import { createSamlKey, encodeResponse, responseXml, type SamlKey, signElement } from "../../../support/saml-idp.js";
import { badStatements } from "./attack-statements.js";
import { BAD_MARKUP, badSignatures, CHANGES_AFTER_SIGNING } from "./attack-vectors.js";
import { type Bench, openBench } from "../connection.js";

let bench: Bench;
let attacker: SamlKey;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  attacker = await createSamlKey();
});
afterAll(() => bench?.database.close());

const scene = { bench: () => bench, attacker: () => attacker };
const refusedAs = (code: SamlRefusal) => ({ ok: false, code, detail: expect.any(String) as string });

test("the response that all others are made from is accepted", async () => {
  expect(await bench.postParts({})).toMatchObject({ ok: true, identity: { nameId: "person-1" } });
});

describe("well signed, but it says", () => {
  test.each(badStatements(scene))("%s", async (_name, code, changes) =>
    expect(await bench.postParts(changes())).toEqual(refusedAs(code)),
  );
});

describe("what was signed by nobody, by somebody else, or otherwise than is allowed", () => {
  test.each(badSignatures(scene))("%s", async (_name, code, signing) =>
    expect(await bench.postParts({}, signing())).toEqual(refusedAs(code)),
  );

  test("RSA with SHA-512 and a signature without KeyInfo are as good", async () => {
    expect(
      await bench.postParts(
        {},
        {
          signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
          digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha512",
        },
      ),
    ).toMatchObject({ ok: true });
    const bare = (request: { id: string; acsUrl: string; issuer: string }) =>
      ["Assertion" as const, "Response" as const].reduce(
        (xml, what) => signElement(xml, what, { key: bench.idp.key.key }),
        responseXml(bench.idp.parts(request)),
      );
    expect(await bench.post(bare)).toMatchObject({ ok: true });
  });

  test.each(CHANGES_AFTER_SIGNING)("changed after it was signed: %s", async (_name, change, code) => {
    const make = (request: { id: string; acsUrl: string; issuer: string }) => {
      const signed = bench.idp.sign(responseXml(bench.idp.parts(request)));
      const changed = change(signed);
      expect(changed).not.toBe(signed);
      return changed;
    };
    expect(await bench.post(make)).toEqual(refusedAs(code));
  });
});

describe("what no parser should see", () => {
  test.each(BAD_MARKUP)("%s", async (_name, change, code) => {
    expect(await bench.post((request) => change(bench.idp.sign(responseXml(bench.idp.parts(request)))))).toEqual(
      refusedAs(code),
    );
  });

  test.each<[string, (good: string) => unknown, SamlRefusal]>([
    ["nothing", () => "", "response_unreadable"],
    ["blanks", () => " \n ", "response_unreadable"],
    ["no base64", () => "@@@@", "response_unreadable"],
    ["base64 that is cut off", (good) => good.slice(0, -1), "response_unreadable"],
    ["base64url", () => "PG-_", "response_unreadable"],
    ["what is not UTF-8", () => "/////w==", "response_unreadable"],
    [
      "UTF-16",
      (good) => Buffer.from(Buffer.from(good, "base64").toString("utf8"), "utf16le").toString("base64"),
      "response_unreadable",
    ],
    ["deflated", (good) => deflateRawSync(Buffer.from(good, "base64")).toString("base64"), "response_unreadable"],
    ["a bomb, deflated", () => deflateRawSync(Buffer.alloc(100_000_000)).toString("base64"), "response_unreadable"],
    ["5 MB", () => encodeResponse(`<a>${"x".repeat(5_000_000)}</a>`), "response_too_large"],
    ["256 KiB and one", () => "A".repeat(256 * 1024 + 1), "response_too_large"],
    ["no text", () => undefined, "response_unreadable"],
    ["a list", (good) => [good], "response_unreadable"],
    ["an object", () => ({ toString: () => "x" }), "response_unreadable"],
    ["null", () => null, "response_unreadable"],
  ])("posted: %s", async (_name, field, code) => {
    expect(await bench.post((request) => field(bench.idp.respond(request)) as string, { field: true })).toEqual(
      refusedAs(code),
    );
  });

  test("a byte order mark and line breaks in the base64 do no harm", async () => {
    const make = (request: { id: string; acsUrl: string; issuer: string }) =>
      Buffer.from(
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n' +
          Buffer.from(bench.idp.respond(request), "base64").toString("utf8"),
      )
        .toString("base64")
        .replaceAll(/.{76}/g, "$&\r\n");
    expect(await bench.post(make, { field: true })).toMatchObject({ ok: true });
  });
});

test("garbage of every kind is answered by a code", async () => {
  let seed = 7;
  const random = (below: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % below;
  for (let round = 0; round < 150; round++) {
    const outcome = await bench.post(
      (request) => {
        const bytes = Buffer.from(bench.idp.respond(request), "base64");
        for (let hits = 0; hits <= round % 5; hits++) bytes[random(bytes.length)] = random(256);
        return round % 3 === 0 ? bytes.subarray(0, random(bytes.length)).toString("base64") : bytes.toString("base64");
      },
      { field: true },
    );
    // A changed byte inside KeyInfo's certificate, which nobody believes, is no harm. Neither is a byte that was
    // written over by itself.
    if (outcome.ok) expect(outcome.identity.nameId).toBe("person-1");
    else expect(outcome.code).toMatch(/^[a-z_]+$/);
  }
});
