/**
 * Characters that look like the signs of a URL. The parser makes some of them real signs of a host, and refuses others.
 * The rest become part of a name. In a path all of them are bytes. What they become is checked and resolved.
 */
import { describe, expect, test } from "vitest";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { canonicalUrl } from "../../../src/endpoint/target/target-url.js";

const asked: string[] = [];
const guard = createGuard({
  resolve: async (host) => {
    asked.push(host);
    return [{ address: "8.8.8.8", family: 4 }];
  },
});
const encoded = (character: string): string => encodeURIComponent(character);

/** Dots of other scripts, which are dots to IDNA (UTS 46). */
const DOTS = [..."\u3002\uff0e\uff61"];
/** They would be signs of a URL, or are no characters of a name. */
const REFUSED = [
  ..."\uff0f\uff1a\ufe55\uff1f\ufe56\uff03\ufe5f\uff20\ufe6b\uff3c\ufe68\uff05\ufe6a",
  ..."\u2024\u2025\u2026\u2100\u33c2\u2488",
  ..."\u3000\u2003\u200c\u200d\u180e\u3164\u202e",
];
/** They are part of a name that only looks like two. */
const IN_NAMES = [..."\u2215\u2044\u29f8\u2571\u2216\u29f5\u2236\ua789\u02d0"];
/** They are nothing. */
const DROPPED = [..."\u00ad\u200b\u2060\ufeff\u034f\ufe0f"];

describe("in a host", () => {
  test.each(DOTS)("%j is a dot, written so or encoded", async (dot) => {
    for (const written of [dot, encoded(dot)]) {
      const check = guard.checkUrl(`https://good.com${written}evil.org/x`);
      expect(check).toMatchObject({ ok: true, url: { href: "https://good.com.evil.org/x" } });
      if (check.ok) await guard.resolve(check.url);
      expect(asked.pop()).toBe("good.com.evil.org");
      expect(guard.checkUrl(`https://127${written}0${written}0${written}1/`)).toMatchObject({
        reason: "address_not_public",
      });
      expect(guard.checkUrl(`https://169${written}16689662/`)).toMatchObject({ reason: "address_not_public" });
      expect(guard.checkUrl(`https://localhost${written}/`)).toMatchObject({ reason: "host_single_label" });
      expect(guard.checkUrl(`https://metadata${written}internal/`)).toMatchObject({ reason: "host_special_domain" });
    }
  });

  test.each(REFUSED)("%j is refused, written so or encoded", (character) => {
    for (const written of [character, encoded(character)])
      for (const url of [
        `https://good.com${written}evil.org/`,
        `https://good.com${written}8443`,
        `https://${written}/`,
      ])
        expect(guard.checkUrl(url)).toMatchObject({ ok: false, reason: "unparsable" });
  });

  test.each(IN_NAMES)("%j ends nothing: the host is the whole name, in ASCII", async (character) => {
    for (const written of [character, encoded(character)]) {
      const check = guard.checkUrl(`https://good.com${written}hook.evil.org/`);
      if (!check.ok) throw new Error(check.reason);
      expect(check.url.hostname).toMatch(/^good\.xn--[a-z0-9-]+\.evil\.org$/);
      await guard.resolve(check.url);
      expect(asked.pop()).toBe(check.url.hostname);
    }
  });

  test.each(DROPPED)("%j is nothing: what is left of the host is judged", (character) => {
    for (const written of [character, encoded(character)]) {
      expect(guard.checkUrl(`https://127.0.0.${written}1/`)).toMatchObject({ reason: "address_not_public" });
      expect(guard.checkUrl(`https://good${written}.com/`)).toMatchObject({ url: { href: "https://good.com/" } });
    }
  });

  test("a semicolon of Greek, and letters in circles or of full width, are judged as what they become", () => {
    expect(guard.checkUrl("https://good.com\u037eevil.org/")).toMatchObject({ reason: "host_label" });
    expect(guard.checkUrl("https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/")).toMatchObject({
      reason: "host_single_label",
    });
    expect(guard.checkUrl("https://\uff47oo\u0073.com/")).toMatchObject({ url: { host: "goos.com" } });
  });
});

test.each([...DOTS, ...REFUSED, ...IN_NAMES, ...DROPPED])("in a path and a query %j is its bytes", (character) => {
  const raw = `https://good.com/a${character}${character}b/${character}${character}/c?d${character}e`;
  const twice = encoded(character).repeat(2);
  const canonical = `https://good.com/a${twice}b/${twice}/c?d${encoded(character)}e`;
  expect(guard.checkUrl(raw)).toMatchObject({ ok: true, url: { href: canonical } });
  expect(canonicalUrl(raw)).toBe(canonical);
  expect(canonicalUrl(canonical)).toBe(canonical);
});

test("encoded dots of ASCII are steps of a path, and are shown as taken", () => {
  expect(canonicalUrl("https://good.com/a/%2e%2E/b")).toBe("https://good.com/b");
  expect(canonicalUrl("https://good.com/a%2f..%2fb")).toBe("https://good.com/a%2f..%2fb");
});
