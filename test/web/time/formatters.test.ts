import { expect, test, vi } from "vitest";
import { dateTimeFormat, numberFormat, relativeTimeFormat, withoutIsolates } from "../../../web/src/time/formatters.js";

test("a formatter is made once for the same wish, and anew for another one", () => {
  const percent = { style: "percent", maximumFractionDigits: 1 } as const;
  expect(numberFormat("en-GB", percent)).toBe(numberFormat("en-GB", { ...percent }));
  expect(numberFormat("en-GB", percent).format(0.125)).toBe("12.5%");
  expect(numberFormat("en-GB")).not.toBe(numberFormat("en-GB", percent));
  expect(numberFormat("de-DE").format(1_000)).toBe("1.000");
  const berlin = { timeZone: "Europe/Berlin", hour: "2-digit" } as const;
  expect(dateTimeFormat("en-GB", berlin)).toBe(dateTimeFormat("en-GB", berlin));
  expect(dateTimeFormat("en-GB", berlin)).not.toBe(dateTimeFormat("en-GB", { ...berlin, timeZone: "Asia/Kolkata" }));
  expect(relativeTimeFormat("en-GB", { style: "short" }).format(-3, "minute")).toBe("3 min ago");
});

test("a zone that does not exist is refused each time", () => {
  for (let time = 0; time < 2; time++)
    expect(() => dateTimeFormat("en", { timeZone: "Mars/Olympus" })).toThrow(RangeError);
});

test("in a page from right to left each figure is a part of its own, and what is copied is not", () => {
  const berlin = { timeZone: "Europe/Berlin", day: "numeric", month: "short", year: "numeric" } as const;
  const all = () => [
    dateTimeFormat("en-GB", berlin).format(new Date("2026-11-26T12:00:00Z")),
    numberFormat("en-GB").format(-1_204),
    relativeTimeFormat("en-GB", { style: "short" }).format(-3, "minute"),
  ];
  const plain = ["26 Nov 2026", "-1,204", "3 min ago"];
  expect(all()).toEqual(plain);
  vi.stubGlobal("document", { documentElement: { dir: "rtl" } });
  try {
    expect(all()).toEqual(plain.map((text) => `\u2068${text}\u2069`));
    expect(all().map(withoutIsolates)).toEqual(plain);
  } finally {
    vi.unstubAllGlobals();
  }
});
