/** What a person or an administrator reads of a refused response names what was wrong with it. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { SamlRefusal } from "../../../src/api/saml/service-provider.js";
import { responseXml } from "../../support/saml-idp.js";
import { type Bench, openBench } from "./connection.js";

let bench: Bench;
beforeAll(async () => void (bench = await openBench(inject("mongodbUrl"))));
afterAll(() => bench?.database.close());

const declared = (declaration: string) =>
  bench.post((request) => declaration + bench.idp.sign(responseXml(bench.idp.parts(request))));

const CASES: readonly [string, () => Promise<unknown>, SamlRefusal, RegExp][] = [
  [
    "a declaration of another encoding",
    () => declared('<?xml version="1.0" encoding="UTF-16"?>'),
    "markup_refused",
    /declaration of something other than XML 1\.0 in UTF-8/,
  ],
  [
    "a declaration of XML 1.1",
    () => declared('<?xml version="1.1" encoding="UTF-8"?>'),
    "markup_refused",
    /declaration of something other than XML 1\.0 in UTF-8/,
  ],
  [
    "inclusive canonicalization as a transform",
    () =>
      bench.postParts(
        {},
        {
          transforms: [
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
          ],
        },
      ),
    "algorithm_refused",
    /enveloped signature and exclusive canonicalization as its transforms/,
  ],
  [
    "a name with a blank at its end",
    () => bench.postParts({ nameId: "person-1 " }),
    "name_id_refused",
    /without blanks around it/,
  ],
];

test.each(CASES)("%s", async (_what, post, code, sentence) => {
  expect(await post()).toEqual({ ok: false, code, detail: expect.stringMatching(sentence) as string });
});
