import { expect, test } from "vitest";
import { dateTimeFormat, numberFormat, relativeTimeFormat } from "../../../web/src/time/formatters.js";

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
