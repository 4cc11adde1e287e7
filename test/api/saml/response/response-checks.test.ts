/** Responses are checked in threads that are few, and end with their deadline. */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { PostedResponse } from "../../../../src/api/saml/response/check-response.js";
import { createResponseChecks } from "../../../../src/api/saml/response/response-checks.js";
import { type ReadRequest, readRequest, responseXml } from "../../../support/saml-idp.js";
import { type Bench, openBench, PUBLIC_URL } from "../connection.js";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
});
afterAll(() => bench?.database.close());

const sequence = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_each, index) => make(index)).join("");
/** A good response with something more in its assertion, which nobody signed. */
const stuffed =
  (more: string) =>
  (request: ReadRequest): string =>
    bench.idp.sign(responseXml(bench.idp.parts(request))).replace("</saml:Assertion>", `${more}</saml:Assertion>`);

async function posted(more = ""): Promise<PostedResponse> {
  const { url, requestId } = await bench.provider.begin(bench.connection, "s");
  return {
    publicUrl: PUBLIC_URL,
    connection: bench.connection,
    xml: stuffed(more)(readRequest(url)),
    requests: [{ id: requestId, at: Date.now() }],
    now: Date.now(),
    skewMs: 60_000,
  };
}

describe("what made a response expensive is refused before a parser sees it", () => {
  test.each<[string, string]>([
    ["25 attributes of one element", `<x ${sequence(25, (index) => `a${index}="" `)}/>`],
    ["33 prefixes on as many elements", sequence(33, (index) => `<x xmlns:p${index}="u"/>`)],
    [
      "prefixes that all elements below have in scope",
      `<x ${sequence(600, (index) => `xmlns:p${index}="u${index}" p${index}:a="" `)}>${"<y/>".repeat(200)}</x>`,
    ],
  ])("%s", async (_name, more) =>
    expect(await bench.post(stuffed(more))).toMatchObject({ ok: false, code: "response_too_complex" }),
  );

  test.each<[string, (xml: string) => string]>([
    [
      "200 elements outside the assertion",
      (xml) => xml.replace("<samlp:Status>", `<x>${"<y/>".repeat(200)}</x><samlp:Status>`),
    ],
    [
      "13 levels outside the assertion",
      (xml) => xml.replace("<samlp:Status>", `${"<x>".repeat(13)}${"</x>".repeat(13)}<samlp:Status>`),
    ],
    [
      "a list of 1,000 prefixes",
      (xml) =>
        xml.replace(
          /<ds:Transform Algorithm="http:\/\/www.w3.org\/2001\/10\/xml-exc-c14n#"\/>/,
          '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">' +
            `<x PrefixList="${"a ".repeat(1_000)}"/></ds:Transform>`,
        ),
    ],
    ["100 elements in a signature", (xml) => xml.replace(/<ds:KeyInfo>/, `<ds:KeyInfo>${"<y/>".repeat(100)}`)],
  ])("%s", async (_name, change) =>
    expect(await bench.post((request) => change(stuffed("")(request)))).toMatchObject({
      ok: false,
      code: "response_too_complex",
    }),
  );

  test("1,900 groups as identity providers write them, each with its namespaces, are none of that", async () => {
    const make = (request: ReadRequest) =>
      bench.idp.sign(
        responseXml(
          bench.idp.parts(request, {
            attributes: [["groups", Array.from({ length: 900 }, (_each, index) => `group-${index}`)]],
          }),
        ).replaceAll(
          "<saml:AttributeValue>",
          '<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" ' +
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">',
        ),
      );
    expect(await bench.post(make)).toMatchObject({ ok: true });
  });
});

describe("a thread", () => {
  test("that takes too long is ended, and the next response gets another", async () => {
    const checks = createResponseChecks({ deadlineMs: 1 });
    expect(await checks.check(await posted("<y/>".repeat(3_500)))).toMatchObject({ ok: false, code: "too_slow" });
    expect(checks.threads()).toBe(0);
    const patient = createResponseChecks();
    expect(await patient.check(await posted())).toMatchObject({ ok: true, identity: { nameId: "person-1" } });
    await Promise.all([checks.close(), patient.close()]);
  });

  test("is one of few, and few wait for it: more are told to come again", async () => {
    const checks = createResponseChecks({ waiting: 2 });
    const many = await Promise.all(Array.from({ length: 12 }, () => posted()));
    const outcomes = await Promise.all(many.map((each) => checks.check(each)));
    const busy = outcomes.filter((outcome) => !outcome.ok && outcome.code === "busy");
    expect(checks.threads()).toBeLessThanOrEqual(2);
    expect(busy.length).toBeGreaterThanOrEqual(8);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(12 - busy.length);
    await checks.close();
  });

  test("leaves the rest of the process to its work meanwhile", async () => {
    const checks = createResponseChecks();
    await checks.check(await posted());
    const before = performance.eventLoopUtilization();
    const mine = process.cpuUsage();
    await Promise.all(
      Array.from({ length: 3 }, async () =>
        checks.check(await posted(`<z>${randomBytes(4).toString("hex")}</z>${"<y/>".repeat(3_500)}`)),
      ),
    );
    const { user, system } = process.cpuUsage(mine);
    const { active } = performance.eventLoopUtilization(before);
    // The process worked more than its event loop did: the rest was in the thread.
    expect(active).toBeLessThan((user + system) / 1_000);
    await checks.close();
  });
});
