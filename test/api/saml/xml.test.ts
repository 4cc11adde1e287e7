import { describe, expect, test } from "vitest";
import { attributeOf, childrenOf, elementsOf, onlyChild, parseXml, textOf } from "../../../src/api/saml/xml.js";

const rootOf = (text: string): Element => {
  const parsed = parseXml(text);
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.root;
};

describe("a document", () => {
  test("is read with its namespaces", () => {
    const root = rootOf(
      '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<a:x xmlns:a="urn:a" ' +
        'y="&lt;&#x41;&gt;"><a:z>1 &amp; 2</a:z><z/><a:z>3</a:z></a:x>\n',
    );
    expect([root.namespaceURI, root.localName, attributeOf(root, "y"), attributeOf(root, "z")]).toEqual([
      "urn:a",
      "x",
      "<A>",
      undefined,
    ]);
    expect(childrenOf(root, "urn:a", "z").map(textOf)).toEqual(["1 & 2", "3"]);
    expect(onlyChild(root, "urn:a", "z")).toBeUndefined();
    expect(elementsOf(root)).toHaveLength(4);
    expect(textOf(root)).toBeUndefined();
  });

  test("may hold > and quotes within quotes", () =>
    expect(attributeOf(rootOf(`<x a='"&gt;>"' b="'>"/>`), "a")).toBe('">>"'));

  test("may have 32 levels and 4,000 elements", () => {
    expect(parseXml("<a>".repeat(32) + "</a>".repeat(32)).ok).toBe(true);
    expect(parseXml("<a>".repeat(33) + "</a>".repeat(33))).toEqual({ ok: false, fault: "too_complex" });
    expect(parseXml(`<a>${"<b/>".repeat(3_999)}</a>`).ok).toBe(true);
    expect(parseXml(`<a>${"<b/>".repeat(4_000)}</a>`)).toEqual({ ok: false, fault: "too_complex" });
  });

  test("may hold no comments", () => expect(parseXml("<a><!-- --></a>")).toEqual({ ok: false, fault: "markup" }));
});

test.each([
  "<!DOCTYPE a><a/>",
  "<a><![CDATA[x]]></a>",
  "<a><?x?></a>",
  "<a>&b;</a>",
  "<a>&#0;</a>",
  "<a>&#xD800;</a>",
  "<a>&#x110000;</a>",
  "<a>& </a>",
  '<a b="&c;"/>',
  '<?xml version="1.1"?><a/>',
  '<?xml version="1.0" encoding="latin1"?><a/>',
])("%s is more than elements, attributes and text", (text) =>
  expect(parseXml(text)).toEqual({ ok: false, fault: "markup" }),
);

test.each([
  "",
  " ",
  "x",
  "<",
  "<a",
  "<a>",
  "</a>",
  "<a></b>",
  "<a/><b/>",
  "<a/>x",
  "x<a/>",
  "<a b=c/>",
  "<a b/>",
  '<a b="1" b="2"/>',
  '<a b="<"/>',
  "<a>\u0000</a>",
  "<a>\ud800</a>",
  "<a>\uffff</a>",
  "<1/>",
  "<a:b/ >",
])("%j is not well-formed", (text) => expect(parseXml(text)).toMatchObject({ ok: false }));
