import { createHmac, createPrivateKey, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  contentDigest,
  messageSignatureHeaders,
  signatureBase,
  type SignatureParameters,
} from "../../../src/endpoint/signing/http-message-signature.js";

/** RFC 9421, B.2. */
const MESSAGE = {
  method: "POST",
  url: new URL("https://example.com/foo?param=Value&Pet=dog"),
  headers: {
    date: "Tue, 20 Apr 2021 02:07:55 GMT",
    "content-type": "application/json",
    "content-length": "18",
    "content-digest":
      "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
  },
};

describe("the published vectors", () => {
  test("RFC 9421, B.2.5: hmac-sha256, base and signature", () => {
    const { base, input } = signatureBase(MESSAGE, ["date", "@authority", "content-type"], {
      created: 1_618_884_473,
      keyid: "test-shared-secret",
    });
    expect(input).toBe('("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"');
    expect(base).toBe(
      `"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@authority": example.com\n"content-type": ` +
        `application/json\n"@signature-params": ${input}`,
    );
    const key = Buffer.from(
      "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
      "base64",
    );
    expect(createHmac("sha256", key).update(base).digest("base64")).toBe(
      "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
    );
  });

  test("RFC 9421, B.2.6: ed25519, base and signature, through the headers", () => {
    const key = createPrivateKey(
      "-----BEGIN PRIVATE " +
        "KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END " +
        "PRIVATE " +
        "KEY-----\n",
    );
    const components = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
    const { base, input } = signatureBase(MESSAGE, components, { created: 1_618_884_473, keyid: "test-key-ed25519" });
    expect(input).toBe(
      '("date" "@method" "@path" "@authority" "content-type" ' +
        '"content-length");created=1618884473;keyid="test-key-ed25519"',
    );
    expect(sign(null, Buffer.from(base), key).toString("base64")).toBe(
      "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
    );
  });

  test.each([
    ["sha-256", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"],
    ["sha-512", "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"],
  ] as const)("RFC 9530: %s", (algorithm, expected) => {
    expect(contentDigest(Buffer.from('{"hello": "world"}'), algorithm)).toBe(expected);
  });
});

describe("derived components (RFC 9421, 2.2)", () => {
  const line = (url: string, component: string) =>
    signatureBase({ method: "POST", url: new URL(url), headers: {} }, [component], {}).base.split("\n")[0];
  test.each([
    ["@method", "https://www.example.com/path?param=value", "POST"],
    ["@target-uri", "https://www.example.com/path?param=value", "https://www.example.com/path?param=value"],
    ["@target-uri", "https://WWW.example.com:443", "https://www.example.com/"],
    ["@authority", "https://www.EXAMPLE.com:443/x", "www.example.com"],
    ["@authority", "https://www.example.com:8443/x", "www.example.com:8443"],
    ["@scheme", "http://www.example.com/x", "http"],
    ["@request-target", "https://www.example.com/path?param=value", "/path?param=value"],
    ["@path", "https://www.example.com/path?param=value", "/path"],
    ["@path", "https://www.example.com", "/"],
    ["@query", "https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman", "?param=value&foo=bar&baz=bat%2Dman"],
    ["@query", "https://www.example.com/path", "?"],
  ])("%s of %s", (component, url, value) => {
    expect(line(url, component)).toBe(`"${component}": ${value}`);
  });

  test("what cannot be signed without ambiguity throws", () => {
    for (const [components, headers] of [
      [["x"], {}],
      [["X"], { x: "1", X: "1" }],
      [["x", "x"], { x: "1" }],
      [["@nothing"], {}],
      [["@constructor"], {}],
      [["constructor"], {}],
      [["__proto__"], {}],
      [["x"], { x: 'a\n"@method": GET' }],
    ] as [string[], Record<string, string>][]) {
      expect(() => signatureBase({ ...MESSAGE, headers }, components, {})).toThrow();
    }
  });

  test("white space around a value is no part of it", () => {
    expect(signatureBase({ ...MESSAGE, headers: { x: " \ta  b\t " } }, ["x"], {}).base).toContain('"x": a  b\n');
  });
});

describe("structured fields (RFC 9651)", () => {
  const inputOf = (parameters: SignatureParameters) => signatureBase(MESSAGE, [], parameters).input;
  test("strings are escaped, and hold ASCII only", () => {
    expect(inputOf({ keyid: 'a"b\\c' })).toBe('();keyid="a\\"b\\\\c"');
    for (const wrong of ["ü", "\n", "\u007f", "\0"]) expect(() => inputOf({ keyid: wrong })).toThrow();
  });
  test("integers have at most 15 digits", () => {
    expect(inputOf({ created: -0 })).toBe("();created=0");
    expect(inputOf({ created: -999_999_999_999_999 })).toBe("();created=-999999999999999");
    for (const wrong of [1e15, 1.5, Number.NaN, Infinity]) expect(() => inputOf({ created: wrong })).toThrow();
  });
  test("labels are keys, in lower case", () => {
    const headersOf = (label: string) =>
      messageSignatureHeaders({
        message: MESSAGE,
        components: [],
        signers: [{ keyid: "k", alg: "ed25519", sign: () => Buffer.from("a") }],
        label,
        tag: "t",
        createdSeconds: 1,
        expiresSeconds: 2,
      });
    expect(headersOf("*b-2.c_").signature).toBe("*b-2.c_=:YQ==:");
    for (const wrong of ["A", "1a", "", "a b"]) expect(() => headersOf(wrong)).toThrow();
  });
  test("only the bytes of a view are written", () => {
    expect(contentDigest(Buffer.from("xx{}xx").subarray(2, 4))).toBe(
      "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:",
    );
  });
  test("parameters of all kinds, in their order", () => {
    expect(
      signatureBase(MESSAGE, [], { tag: 'a"', created: 1, expires: 2, nonce: "n", alg: "ed25519", keyid: "k" }).input,
    ).toBe('();tag="a\\"";created=1;expires=2;nonce="n";alg="ed25519";keyid="k"');
  });
});

test("several signers have labels of their own", () => {
  const signer = (keyid: string) => ({
    keyid,
    alg: "ed25519" as const,
    sign: (base: Buffer) => Buffer.from(String(base.length)),
  });
  const headers = messageSignatureHeaders({
    message: MESSAGE,
    components: ["@method"],
    signers: [signer("new"), signer("old")],
    label: "x",
    tag: "t",
    createdSeconds: 1,
    expiresSeconds: 2,
  });
  expect(headers["signature-input"]).toBe(
    'x=("@method");created=1;expires=2;keyid="new";alg="ed25519";tag="t", ' +
      'x-2=("@method");created=1;expires=2;keyid="old";alg="ed25519";tag="t"',
  );
  expect(headers.signature).toMatch(/^x=:[A-Za-z0-9+/=]+:, x-2=:[A-Za-z0-9+/=]+:$/);
});
