import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSecretMask, MASK, type SecretMask } from "../../../src/endpoint/secrets/secret-mask.js";

const LIMIT = 16_384;
const maskOf = (...values: string[]): SecretMask => {
  const mask = createSecretMask({ values, longValues: [] });
  if (!mask) throw new Error("There is nothing to mask.");
  return mask;
};
const masked = (mask: SecretMask, text: string, more = false): string =>
  Buffer.from(mask.body(Buffer.from(text), LIMIT, more).bytes).toString("utf8");

/** Every ASCII character that some encoding escapes, and some beyond. */
const SECRET = "p@ss wörd/\"+with=all&of <them>'\\ 😀";
const lowerHex = (text: string) => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
const escaped = (text: string) => JSON.stringify(text).slice(1, -1);
const unicode = (text: string) =>
  [...escaped(text)]
    .map((each) =>
      each > "~"
        ? [...Array(each.length).keys()].map((at) => `\\u${each.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")
        : each,
    )
    .join("");
const html = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&#34;")
    .replaceAll("'", "&#x27;");

describe("a value that was sent is masked", () => {
  test.each<[string, string]>([
    ["as it is", SECRET],
    ["in JSON", escaped(SECRET)],
    ["in JSON with escaped slashes", escaped(SECRET).replaceAll("/", "\\/")],
    ["in JSON of ASCII alone", unicode(SECRET)],
    ["in JSON within JSON", escaped(escaped(SECRET))],
    [
      "in JSON with every character as an escape",
      [...Buffer.from(SECRET, "utf16le").swap16().toString("hex").matchAll(/..../g)]
        .map(([unit]) => `\\u${unit}`)
        .join(""),
    ],
    ["in a URL", encodeURIComponent(SECRET)],
    ["in a URL with small digits", lowerHex(encodeURIComponent(SECRET))],
    ["in a URL within a URL", encodeURIComponent(encodeURIComponent(SECRET))],
    ["in a form, where a space is a plus", new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ["in a form with small digits", lowerHex(new URLSearchParams({ a: SECRET }).toString().slice(2))],
    ["in markup", html(SECRET)],
    ["in hex", Buffer.from(SECRET).toString("hex")],
    ["in UTF-16", Buffer.from(SECRET, "utf16le").toString("latin1")],
  ])("%s", (_name, written) => {
    const latin1 = written === Buffer.from(SECRET, "utf16le").toString("latin1");
    const bytes = Buffer.from(`before ${written} after`, latin1 ? "latin1" : "utf8");
    expect(Buffer.from(maskOf(SECRET).body(bytes, LIMIT, false).bytes).toString()).toBe(`before ${MASK} after`);
  });

  const OFFSETS = [0, 1, 2, 3, 4, 5];
  test.each(
    OFFSETS.flatMap((before) => (["base64", "base64url"] as const).map((encoding) => [encoding, before] as const)),
  )("in %s, %i bytes behind its begin", (encoding, before) => {
    for (const secret of [SECRET, "12345678", randomBytes(32).toString("base64url")]) {
      const text = Buffer.from(`${"x".repeat(before)}${secret}${"y".repeat(7)}`).toString(encoding);
      const left = masked(maskOf(secret), `{"a":"${text}"}`);
      expect(left).toContain(MASK);
      // What is left holds no bit of the secret, so another one leaves the same.
      const other = randomBytes(Buffer.byteLength(secret)).toString("hex").slice(0, Buffer.byteLength(secret));
      expect(
        masked(
          maskOf(other),
          `{"a":"${Buffer.from(`${"x".repeat(before)}${other}${"y".repeat(7)}`).toString(encoding)}"}`,
        ),
      ).toBe(left);
    }
  });

  test("in base64 that is escaped, or broken into lines", () => {
    const text = Buffer.from(`user:${SECRET}`).toString("base64");
    for (const each of [
      encodeURIComponent(text),
      text.replaceAll("/", "\\/"),
      text.replaceAll(/.{10}/g, "$&\r\n"),
      JSON.stringify(text.replaceAll(/.{10}/g, "$&\n")),
    ]) {
      const left = masked(maskOf(SECRET), each).replaceAll(/\\n|[\r\n"]/g, "");
      expect(left.replace(/^dXNlcj/, "").length, left).toBeLessThan(15);
    }
  });

  test("wherever it stands, and several times", () => {
    expect(masked(maskOf("secret-one", "secret-two"), "secret-one secret-two,secret-onesecret-two secret-on")).toBe(
      `${MASK} ${MASK},${MASK} secret-on`,
    );
    expect(masked(maskOf("abcdefgh", "efghijkl"), "<abcdefghijkl>")).toBe(`<${MASK}>`);
  });

  test("in a header", () => {
    expect(maskOf("tok-12345678").text("https://x.example/?t=tok-12345678&u=1")).toBe(
      `https://x.example/?t=${MASK}&u=1`,
    );
    expect(maskOf("pässwörd-1").text(Buffer.from("pässwörd-1").toString("latin1"))).toBe(MASK);
    expect(maskOf("tok-12345678").text("plain")).toBe("plain");
  });
});

describe("a value below eight bytes is masked", () => {
  const mask = maskOf("s3cr&t");
  test.each<[string, string]>([
    ['{"a":"s3cr&t","b":"s3cr&t!"}', `{"a":"${MASK}","b":"s3cr&t!"}`],
    ["a=s3cr%26t&b=xs3cr%26t", `a=${MASK}&b=xs3cr%26t`],
    ["<a>s3cr&t</a>", `<a>${MASK}</a>`],
    ["x-key: s3cr&t\r\nx-other: s3cr&t too", `x-key: ${MASK}\r\nx-other: s3cr&t too`],
    ["s3cr&t", MASK],
    [`"${Buffer.from("s3cr&t").toString("base64")}"`, `"${MASK}"`],
    ["the s3cr&t of it", "the s3cr&t of it"],
  ])("only where a whole field is it: %s", (text, expected) => expect(masked(mask, text)).toBe(expected));

  test("or a whole header", () => {
    expect(mask.text(" s3cr&t ")).toBe(MASK);
    expect(mask.text("not s3cr&t alone")).toBe("not s3cr&t alone");
  });
});

describe("at the cut", () => {
  const secret = randomBytes(32).toString("base64url");
  const mask = maskOf(secret);

  test("a secret that it would split is masked, at every place", () => {
    for (let before = LIMIT - secret.length - 2; before <= LIMIT + 1; before++) {
      const { bytes, truncated } = mask.body(
        Buffer.from("x".repeat(before) + secret + "y".repeat(mask.margin)),
        LIMIT,
        false,
      );
      const text = Buffer.from(bytes).toString();
      expect(bytes).toHaveLength(LIMIT);
      expect(truncated).toBe(true);
      expect(text.replace(/^x+/, "")).toMatch(/^(\((s(e(c(r(e(t(\)y*)?)?)?)?)?)?)?)?$/);
    }
  });

  test("what broke off within a secret, or within its escape, is masked as far as it came", () => {
    for (let length = 4; length < secret.length; length++)
      expect(masked(mask, `x ${secret.slice(0, length)}`, true)).toBe(`x ${MASK}`);
    const url = [...Buffer.from(secret)].map((byte) => `%${byte.toString(16)}`).join("");
    for (const length of [60, 61, 62]) expect(masked(mask, `x ${url.slice(0, length)}`, true)).toBe(`x ${MASK}`);
    expect(masked(mask, `x ${secret.slice(0, 20)}`, false)).toBe(`x ${secret.slice(0, 20)}`);
  });
});

test("a body that is nothing but beginnings of a secret is not kept, and costs no more for it", () => {
  const { bytes } = maskOf(`${"a".repeat(4_000)}b`).body(Buffer.alloc(48 * 1024, "a"), LIMIT, false);
  expect(bytes.byteLength).toBeLessThan(LIMIT);
  expect(Buffer.from(bytes).toString()).toMatch(/^a*\(secret\)$/);
});

test("garbage is masked too, and what is not secret stays as it is", () => {
  const secret = "0123456789abcdef";
  for (let round = 0; round < 300; round++) {
    const [left, right] = [randomBytes(round % 50), randomBytes(round % 31)];
    const marks = Buffer.from("%\\&\\u%&#".repeat(round % 4));
    const body = Buffer.concat([left, marks, Buffer.from(secret), marks, right]);
    expect(Buffer.from(maskOf(secret).body(body, LIMIT, false).bytes).includes(secret)).toBe(false);
    const plain = Buffer.concat([left, marks, right]);
    expect(Buffer.from(maskOf(secret).body(plain, LIMIT, false).bytes).equals(plain)).toBe(true);
  }
});
