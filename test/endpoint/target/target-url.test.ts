/** The rules on the text of a URL at their edges. The table of cases is in guard.test.ts. */
import { describe, expect, test } from "vitest";
import { canonicalUrl, checkUrl } from "../../../src/endpoint/target/target-url.js";

const strict = { allowLocal: false, ports: [443], alwaysAllowed: new Set<string>() };
const local = { ...strict, allowLocal: true };
const reasonOf = (raw: string, policy = strict) => {
  const check = checkUrl(raw, policy);
  return check.ok ? "ok" : check.reason;
};

test.each([
  ["x", "This is not a URL."],
  ["https://a.com/ ", "The URL contains a space, a control character or a backslash; percent-encode them."],
  ["ftp://a.com/", "The URL must begin with https://."],
  ["https:a.com", "The URL must begin with https:// followed by the host name."],
  [
    "https://u@a.com/",
    "The URL must not contain a user name or password; use the subscription's authentication for that.",
  ],
  ["https://a.com/#x", "The URL must not contain a fragment (#); it would never be sent."],
  ["https://a.com:22/", "This port may not be called."],
  [
    "https://a..com/",
    "The host name is malformed: each part has 1 to 63 letters, digits, hyphens or underscores, 253 characters in " +
      "all. The name does not begin with a hyphen.",
  ],
  ["https://a/", "The host name must be a full domain name."],
  ["https://a.local/", "The host name lies in a domain that is reserved for private or special use."],
])("%j is refused with its words", (raw, explanation) => {
  expect(checkUrl(raw, strict)).toMatchObject({ ok: false, code: "target_refused", explanation });
});

test.each(
  (
    "localhost localdomain local internal intranet private corp home lan mail test invalid example onion alt arpa " +
    "svc cluster domain host workgroup"
  ).split(" "),
)("the domain .%s is special", (domain) => {
  expect(reasonOf(`https://a.${domain}/`)).toBe("host_special_domain");
  expect(reasonOf(`https://${domain}/`)).toBe("host_single_label");
  expect(reasonOf(`https://${domain}.com/`)).toBe("ok");
  expect(reasonOf(`https://a.${domain}/`, local)).toBe("ok");
});

test("a name does not begin with a hyphen, which the resolver refuses; other places of a label may have one", () => {
  for (const host of ["-shop.com", "-.com", "--a.example.org"]) {
    expect(reasonOf(`https://${host}/`)).toBe("host_label");
    expect(reasonOf(`https://${host}/`, local)).toBe("host_label");
  }
  for (const host of ["shop-.com", "a.-shop.com", "a-b.com", "xn--bcher-kva.com"])
    expect(reasonOf(`https://${host}/`)).toBe("ok");
});

test("lengths are allowed to their edges", () => {
  const label = "a".repeat(63);
  expect(reasonOf(`https://${label}.com/`)).toBe("ok");
  expect(reasonOf(`https://a${label}.com/`)).toBe("host_label");
  const host = `${`${label}.`.repeat(3)}${"b".repeat(57)}.com`;
  expect(host.length).toBe(253);
  expect(reasonOf(`https://${host}/`)).toBe("ok");
  expect(reasonOf(`https://b${host.replace(/^a/, "")}/`)).toBe("ok");
  expect(reasonOf(`https://${host.replace("b.com", "bb.com")}/`)).toBe("host_label");
  const path = "https://a.com/";
  expect(reasonOf(path.padEnd(2_048, "x"))).toBe("ok");
  expect(reasonOf(path.padEnd(2_049, "x"))).toBe("unparsable");
});

test.each(["\u0000", "\u0020", "\u007f", "\u0080", "\u00a0", "\u2028", "\u2029", "\\"])("%j is refused", (mark) => {
  expect(reasonOf(`https://a.com/x${mark}y`)).toBe("control_characters");
});
test.each(["!", "~", "\u00a1", "\u2027", "\u202a"])("%j may stand in a path", (mark) => {
  expect(reasonOf(`https://a.com/x${mark}y`)).toBe("ok");
});

describe("schemes and ports", () => {
  test("http is called on local networks only, there on any port", () => {
    expect(reasonOf("http://a.com:443/")).toBe("scheme");
    expect(reasonOf("http://a.com:81/", local)).toBe("ok");
    expect(reasonOf("ftp://a.com/", local)).toBe("scheme");
  });
  test("the default port is the scheme's", () => {
    expect(reasonOf("https://a.com/", { ...strict, ports: [80] })).toBe("port");
    expect(reasonOf("https://a.com:80/", { ...strict, ports: [80] })).toBe("ok");
  });
  test("an origin that is always allowed needs neither the scheme nor the port nor a full name", () => {
    const policy = { ...strict, alwaysAllowed: new Set(["http://receiver:9000"]) };
    expect(reasonOf("http://receiver:9000/x", policy)).toBe("ok");
    expect(reasonOf("http://receiver.:9000/x", policy)).toBe("ok");
    expect(reasonOf("http://receiver:9000/#x", policy)).toBe("fragment");
    expect(reasonOf("http://receiver:9001/x", policy)).toBe("scheme");
  });
});

test("the host has no rules of names when it is an address, and some under the switch too", () => {
  expect(reasonOf("https://[2606:4700::1]/")).toBe("ok");
  expect(reasonOf("https://1.2.3.4/")).toBe("ok");
  expect(reasonOf("https://a..b/", local)).toBe("host_label");
  expect(reasonOf("https://a.com./")).toBe("ok");
  expect(reasonOf("https://a.com../")).toBe("host_label");
});

test.each(["https:a.com/https://b.com/", "https:/a.com?x=https://b.com/", "https:///a.com/https://b.com/"])(
  "%s does not begin as it should, whatever follows",
  (raw) => {
    expect(reasonOf(raw)).toBe("not_canonical");
    expect(reasonOf(raw, local)).toBe("not_canonical");
  },
);

test("an @ is refused behind the scheme only", () => {
  expect(reasonOf("https://a.com/@x")).toBe("ok");
  expect(reasonOf("https://a.com?x=@")).toBe("ok");
  expect(reasonOf("https://:p@a.com/")).toBe("userinfo");
});

test.each([
  ["HTTPS://A.COM:443/x/../y?", "https://a.com/y"],
  ["https://a.com./x?y=1", "https://a.com/x?y=1"],
  ["https://a.com", "https://a.com/"],
  ["https://a.com/#x", "https://a.com/#x"],
  ["https://U@a.com./", "https://U@a.com./"],
  ["https://:p@a.com./", "https://:p@a.com./"],
  ["mailto:A@b.com", "mailto:A@b.com"],
  ["no url", "no url"],
])("the canonical form of %j is %j", (raw, expected) => {
  expect(canonicalUrl(raw)).toBe(expected);
});
