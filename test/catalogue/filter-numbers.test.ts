import { describe, expect, it } from "vitest";
import { compileFilter, type Verdict } from "../../src/catalogue/filter.js";
import { payloadForFilter } from "../../src/catalogue/filter-payload.js";

const data = payloadForFilter(
  "application/json",
  Buffer.from(
    JSON.stringify({
      n: 4,
      qty: 3,
      total: 1250,
      half: 4.5,
      neg: -3,
      zero: 0,
      list: [1, 2, 3],
      text: "xy",
      digits: "12",
      edge: 9_007_199_254_740_991,
      byKey: { "1": "a" },
    }).replace("{", '{"big":9007199254740993,"most":18446744073709551615,'),
  ),
);
function verdict(text: string): Verdict {
  const compiled = compileFilter(text);
  if (!compiled.ok || compiled.doubt) throw new Error(`${text}: ${JSON.stringify(compiled)}`);
  return compiled.filter({ event: { type: "a.b", id: "evt_1" }, data, headers: {} });
}

describe("literals and numbers of JSON mix", () => {
  it.each([
    ["data.n % 2 == 0", true],
    ["data.qty * 2 > 5", true],
    ["data.total / 100 >= 12.5", true],
    ["data.total / 100 == 12", false],
    ["data.n + 1 == 5", true],
    ["data.n - -1 == 5", true],
    ["5 % data.n == 1", true],
    ["data.half % 2 == 0", false],
    ["data.half % 2 == 0.5", true],
    ["data.n % 2.0 == 0", true],
    ["data.half - 0.5 == data.n", true],
    ["(data.n + 1) * (data.half - 1) == 17.5", true],
    ["1 + 1.5 > 2", true],
    ["data.neg % 2 == -1", true],
    ["-data.n == -4", true],
    ["data.neg < -2", true],
    ["data.n * -1 < 0", true],
    ["string(data.zero * -1) == '0'", true],
    ["data.n + 1u == 5", true],
    ["uint(data.n) * 2u == 8", true],
    ["uint(data.n) + data.half > 8", true],
    ["data.n in [1, 4]", true],
    ["3 in data.list", true],
    ["data.n in [4.0, 5]", true],
    ["data.list == [1, 2.0, 3]", true],
    ["1 in data.byKey", true],
    ["data.list[data.n - 3] == 2", true],
    ["data.list[size(data.list) - 1] == 3", true],
    ["data.list[-1] == 3", false],
    ["data.list[data.half] == 3", false],
    ["data.list.exists(i, i % 2 == 0)", true],
    ["data.list.map(i, i * 2) == [2, 4, 6]", true],
    ["data.list.filter(i, i % 2 == 1).size() * 2 == data.n", true],
    ["data.list.exists_one(i, i / 2 == 1)", true],
    ["size(data.list) == 3.0", true],
    ["size(data.list) + data.n == 7", true],
    ["size(data.list) != 3.0", false],
    ["size(data.list) * 1.5 == 4.5", true],
    ["data.text.substring(data.zero, data.n - 3) == 'x'", true],
    ["data.text.indexOf('y', data.zero) == 1", true],
    ["timestamp(data.n) > timestamp(0)", true],
    ["int(data.half * 2) == 9", true],
    ["int(data.half) == 4", true],
    ["double(data.n) / 3 > 1.3", true],
    ["int(data.digits) + data.n == 16", true],
    ["int(data.n) / 3 == 1", true],
    ["string(data.n * 2) == '8'", true],
  ])("%s: %s", (text, matches) => expect(verdict(text)).toEqual({ matches }));
});

describe("integers that a double cannot hold stay exact", () => {
  it.each([
    "data.edge + 2 == 9007199254740993",
    "data.edge + 1 == 9007199254740992",
    "data.big - 2 == data.edge",
    "data.big + data.n == 9007199254740997",
    "data.big % 2 == 1",
    "data.big * 2 == 18014398509481986",
    "data.big / 3 == 3002399751580331",
    "data.big != 9007199254740992.0",
    "data.big > data.edge + 1",
    "data.most == 18446744073709551615u",
    "data.most % 2 == 1",
  ])("%s", (text) => expect(verdict(text)).toEqual({ matches: true }));
  it("and are divided as all numbers of JSON are, with the fraction", () => {
    expect(verdict("data.big / 200 - 45035996273704 > 0.9 && data.edge / 200 - 45035996273704 > 0.9")).toEqual({
      matches: true,
    });
  });
  it("a result beyond 64 bits is a double", () =>
    expect(verdict("data.big * data.edge > 1e31")).toEqual({ matches: true }));
});

describe("neither yes nor no", () => {
  it.each([
    ["data.n % data.zero == 0", "modulo_by_zero"],
    ["data.n / size([]) > 1.5", "division_by_zero"],
    ["data.text * 2 == 1", "no_such_overload"],
    ["data.text + 1 == 'xy1'", "no_such_overload"],
    ["data.text > 1", "no_such_overload"],
    ["data.text.substring(data.half) == 'x'", "no_matching_overload"],
  ])("%s: %s", (text, failed) => expect(verdict(text)).toEqual({ failed }));
});

describe("refused when saved, with the place and what to write", () => {
  it.each([
    ["data.n > 1/2", 10, /fraction.*1\.0 \/ 2\.0/],
    ["size(data.list) / 2 >= 1.5", 1, /double\(a\) \/ b/],
    ["0.5 == int(data.n) / 8", 8, /fraction/],
    ["data.n / 0 > 1", 10, /by zero/],
    ["data.n % 0 == 1", 10, /by zero/],
  ])("%s", (text, column, reason) => {
    const compiled = compileFilter(text);
    // What was saved before goes on as it did.
    expect(compiled).toMatchObject({
      ok: true,
      doubt: { line: 1, column, reason: expect.stringMatching(reason) as string },
    });
  });
  it.each([
    ["(data.n > 3 ? 1 : 2.0) * data.n > 1", 2, /2\.0/],
    ["[10, 20][1.0] == 20", 1, /int\(\)/],
    ["size(data.text) in [2.0]", 1, /2\.0/],
    ["data.n * 2", 1, /true or false/],
    ["-data.n", 1, /true or false/],
  ])("%s", (text, column, reason) =>
    expect(compileFilter(text)).toMatchObject({ ok: false, column, reason: expect.stringMatching(reason) as string }),
  );
  it("but not where nothing is left out", () =>
    expect(verdict("data.n > 4/2 && int(data.n) / 2 == 2")).toEqual({ matches: true }));
});
