import { domainToUnicode } from "node:url";
import { expect, test } from "vitest";
import { hostForPeople } from "../../../src/endpoint/target/host-look-alikes.js";

const hostOf = (url: string): string => new URL(url).hostname;

test.each(["https://example.com", "https://a-b.example.co.uk", "https://8.8.8.8", "https://[2001:4860::1]"])(
  "%s is what it looks like",
  (url) => {
    expect(hostForPeople(hostOf(url))).toEqual({ warnings: [] });
  },
);

test.each([
  ["https://bücher.example.com", "bücher.example.com"],
  ["https://café.fr", "café.fr"],
  ["https://пример.рф", "пример.рф"],
  ["https://ресурс.рф", "ресурс.рф"],
  ["https://ресурс.example.рф", "ресурс.example.рф"],
  ["https://пример-1.рф", "пример-1.рф"],
  ["https://漢ㄅabc.tw", "漢ㄅabc.tw"],
  ["https://漢한abc.kr", "漢한abc.kr"],
  ["https://例え.テスト", "例え.テスト"],
  ["https://日本語ひらがなカタカナabc.jp", "日本語ひらがなカタカナabc.jp"],
  ["https://한국어abc.kr", "한국어abc.kr"],
  ["https://παράδειγμα.gr", "παράδειγμα.gr"],
  ["https://مثال.example.com", "مثال.example.com"],
])("%s is shown in its letters, without a warning", (url, unicode) => {
  expect(hostForPeople(hostOf(url))).toEqual({ unicode, warnings: [] });
});

test.each([
  ["https://p\u0430ypal.com", "mixes"],
  ["https://\u0440aypal.com", "mixes"],
  ["https://g\u03bf\u03bfgle.com", "mixes"],
  ["https://\u0531pple.com", "mixes"],
  ["https://pay.p\u0430ypal.com", "mixes"],
  ["https://xn--pypal-4ve.com", "mixes"],
  ["https://\u0430\u0440\u0440\u04cf\u0435.com", `reads as "app`],
  ["https://\u0441\u043e\u0441\u043e.example.com", `reads as "coco"`],
  ["https://\u03bf\u03bd\u03bf.com", `reads as "ovo"`],
  ["https://b\u0131g.com", `reads as "big"`],
  ["https://\u0261oogle.com", `reads as "google"`],
])("%s is warned of: %s", (url, said) => {
  const { unicode, warnings } = hostForPeople(hostOf(url));
  expect(unicode).toBeDefined();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(said);
});

test.each([
  ["https://api.example.com\u2215hook.evil.com", "\u2215"],
  ["https://api.example.com\u2044hook.evil.com", "\u2044"],
  ["https://api.example.com\u29f8hook.evil.com", "\u29f8"],
  ["https://api.example.com\u2216hook.evil.com", "\u2216"],
  ["https://api.example.com\u02d0\u2236443.evil.com", "\u2236"],
  ["https://api\u00b7example\u00b7com.evil.com", "\u00b7"],
  ["https://api\u2010example.evil.com", "\u2010"],
  ["https://api.example.com\u30ceh.evil.com", "\u30ce"],
  ["https://api.example.com\u4e3fhook.evil.com", "\u4e3f"],
  ["https://\u2615.example.com", "\u2615"],
])("%s is not shown as it is written, and is warned of", (url, sign) => {
  const { unicode, warnings } = hostForPeople(hostOf(url));
  expect(unicode).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining(`Its "${sign}" may be read as a slash`)]);
});

test("only the part with the sign stays in ASCII", () => {
  const { unicode, warnings } = hostForPeople(hostOf("https://com\u2215a.bücher.example"));
  expect(unicode).toMatch(/^xn--coma-[a-z0-9]+\.bücher\.example$/);
  expect(warnings).toHaveLength(1);
});

test.each([
  "https://col\u00b7lecci\u00f3.cat",
  "https://ア\u30fbニュース.jp",
  "https://ノート.jp",
  "https://\u0915\u094d\u200d\u0937.in",
  "https://בי\u05f4ס.il",
])("%s has signs of a word, and no warning", (url) => {
  const host = hostOf(url);
  expect(hostForPeople(host)).toEqual({ unicode: domainToUnicode(host), warnings: [] });
});

test("letters of a script that is not known by its name are said to be of another", () => {
  expect(hostForPeople(hostOf("https://a\ua98f.com")).warnings).toEqual([
    '"a\ua98f" mixes letters of several scripts (Latin, another), which often imitates another name.',
  ]);
});

test("a host that cannot be shown in its letters is shown as it is", () => {
  expect(hostForPeople("xn--a.example.com")).toEqual({ warnings: [] });
});

test.each([
  ["a", "аαɑ"],
  ["b", "ьƅ"],
  ["c", "сᴄ"],
  ["d", "ԁ"],
  ["e", "еҽ"],
  ["f", "ƒϝք"],
  ["g", "ɡցƍ"],
  ["h", "һհ"],
  ["i", "іιıɩ"],
  ["j", "јϳյ"],
  ["k", "кκĸ"],
  ["l", "ӏǀլ"],
  ["m", "мʍ"],
  ["n", "пηոռ"],
  ["o", "оοσօ"],
  ["p", "рρթ"],
  ["q", "ԛզգ"],
  ["r", "гᴦ"],
  ["s", "ѕꜱ"],
  ["t", "тτ"],
  ["u", "υսʋц"],
  ["v", "νѵᴠ"],
  ["w", "ԝωѡա"],
  ["x", "хχ"],
  ["y", "уγүყ"],
  ["z", "ᴢ"],
  ["3", "зԑӡ"],
  ["4", "ч"],
  ["6", "б"],
])("what reads as %s is warned of: %s", (letter, same) => {
  for (const character of same) {
    const label = character.repeat(3);
    expect(hostForPeople(hostOf(`https://${label}.com`)).warnings).toEqual([
      `"${label}" reads as "${letter.repeat(3)}" and is another name.`,
    ]);
  }
});
