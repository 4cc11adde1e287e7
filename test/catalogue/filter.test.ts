import { describe, expect, it } from "vitest";
import { compileFilter, type Verdict } from "../../src/catalogue/filter.js";
import { payloadForFilter } from "../../src/catalogue/filter-payload.js";

const payload = {
  amount: 150,
  price: 99.5,
  currency: "EUR",
  paid: true,
  note: null,
  at: "2026-11-25T10:00:00Z",
  long: "a".repeat(4_000) + "!",
  huge: "a".repeat(200_000),
  items: Array.from({ length: 10 }, (_, n) => ({ sku: `x${n}`, quantity: n })),
  tags: ["new", "eu"],
  many: Array.from({ length: 5_000 }, (_, n) => n),
  digits: "9".repeat(5_000),
};
const json = (value: unknown): unknown => payloadForFilter("application/json", Buffer.from(JSON.stringify(value)));
function verdict(text: string, data: unknown = json(payload)): Verdict {
  const compiled = compileFilter(text);
  if (!compiled.ok) throw new Error(`${text}: ${compiled.reason}`);
  return compiled.filter({
    event: { type: "payments.invoice.paid", id: "evt_1" },
    data,
    headers: { "content-type": "application/json" },
  });
}

describe("a filter", () => {
  it.each([
    ["data.amount == 150", true],
    ["data.amount == 150.0", true],
    ["data.amount > 100 && data.price < 99.6", true],
    ["data.amount > 150", false],
    ["data.currency in ['EUR', 'USD']", true],
    ["data.paid", true],
    ["!data.paid", false],
    ["data.note == null", true],
    ["has(data.note)", true],
    ["has(data.missing)", false],
    ["'amount' in data", true],
    ["data['amount'] == 150", true],
    ["data.tags.exists(t, t == 'eu')", true],
    ["data.tags[0] == 'new'", true],
    ["size(data.items) == 10", true],
    ["data.items.all(i, i.quantity < 10)", true],
    ["data.items.exists_one(i, i.sku == 'x3')", true],
    ["data.items.filter(i, i.quantity > 7).size() == 2", true],
    ["data.items.map(i, i.sku).exists(s, s == 'x9')", true],
    ["data.items.exists(i, data.tags.exists(t, t == i.sku))", false],
    ["event.type == 'payments.invoice.paid' && event.id.startsWith('evt_')", true],
    ["headers['content-type'].startsWith('application/')", true],
    ["timestamp(data.at) > timestamp('2026-01-01T00:00:00Z')", true],
    ["timestamp(data.at) - timestamp('2026-11-25T09:00:00Z') == duration('1h')", true],
    ["int(data.amount) % 2 == 0", true],
    ["data.currency.matches('^[A-Z]{3}$')", true],
    ["data.currency.matches('U')", true],
    ["data.currency.lowerAscii() == 'eur'", true],
    ["true || data.missing == 1", true],
    ["data.missing == 1 || true", true],
    ["data.amount > 100 ? data.paid : false", true],
  ])("%s: %s", (text, matches) => expect(verdict(text)).toEqual({ matches }));

  it.each([
    "data.missing == 1",
    "data.note.x == 1",
    "data.a.b.c == 1",
    "data.tags[9] == 'x'",
    "headers['x-none'] == 'a'",
  ])("what is not there does not match: %s", (text) => expect(verdict(text)).toEqual({ matches: false }));

  it.each([
    ["data.currency > 1", "no_such_overload"],
    ["data.amount", "not_bool"],
    ["1 / int(data.amount - 150.0) == 1", "division_by_zero"],
    ["int(data.currency) == 1", /.+/],
    ["data.amount.matches('1')", "no_such_overload"],
  ])("neither yes nor no: %s", (text, code) =>
    expect(verdict(text)).toEqual({ failed: code instanceof RegExp ? (expect.stringMatching(code) as string) : code }),
  );

  it("is never a prototype's business", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty", "__proto__"]) {
      expect(verdict(`data.${name} == 1`)).toEqual({ matches: false });
      expect(verdict(`has(data.${name})`)).toEqual({ matches: false });
    }
    expect(verdict("data.__proto__ == 1", json(JSON.parse('{"__proto__":1}')))).toEqual({ matches: true });
  });
});

describe("numbers", () => {
  const big = payloadForFilter(
    "application/json; charset=utf-8",
    Buffer.from(
      '{"id":9007199254740993,"text":"9007199254740993","nested":[-9007199254740995],"e":1e20,"edge":9007199254740991}',
    ),
  );
  it("keep integers exact that a double cannot hold", () => {
    expect(big).toEqual({
      id: 9007199254740993n,
      text: "9007199254740993",
      nested: [-9007199254740995n],
      e: 1e20,
      edge: 9007199254740991,
    });
    expect(verdict("data.id == 9007199254740993", big)).toEqual({ matches: true });
    expect(verdict("data.id == 9007199254740992", big)).toEqual({ matches: false });
    expect(verdict("data.text == '9007199254740993' && data.edge == 9007199254740991", big)).toEqual({ matches: true });
  });
  it("what is not JSON is an empty map", () => {
    for (const [type, bytes] of [
      ["text/plain", "{}"],
      ["application/json", "{"],
      ["application/json", Buffer.from([0x22, 0xff, 0x22])],
      ["application/octet-stream", "1"],
    ] as const) {
      expect(payloadForFilter(type, Buffer.from(bytes))).toEqual({});
    }
    expect(verdict("has(data.x) || data.x == 1", {})).toEqual({ matches: false });
    expect(payloadForFilter("application/cloudevents+json", Buffer.from("[1]"))).toEqual([1]);
  });
});

describe("of a CloudEvent in structured mode", () => {
  const event = (more: object) =>
    payloadForFilter(
      "application/cloudevents+json; charset=utf-8",
      Buffer.from(JSON.stringify({ specversion: "1.0", id: "1", source: "/", type: "a.b", ...more })),
    );
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  it("the data is what the filter sees, wherever it stands", () => {
    expect(verdict("data.total > 100", event({ data: { total: 250 } }))).toEqual({ matches: true });
    expect(verdict("data.total > 100", event({ data_base64: base64('{"total":250}') }))).toEqual({ matches: true });
    const big = event({ data_base64: base64('{"id":9007199254740993}') });
    expect(verdict("data.id == 9007199254740993", big)).toEqual({ matches: true });
    expect(event({ data: null })).toBeNull();
  });
  it("without data, or with data that is no JSON, it sees an empty map", () => {
    for (const more of [
      {},
      { data_base64: base64("<x/>") },
      { data_base64: base64('{"total":1}'), datacontenttype: "application/octet-stream" },
      { data: '{"total":1}', datacontenttype: "application/xml" },
    ])
      expect(event(more)).toEqual({});
  });
  it("anything else under its content type is seen as it is", () => {
    expect(payloadForFilter("application/cloudevents+json", Buffer.from('{"data":{"total":1}}'))).toEqual({
      data: { total: 1 },
    });
  });
});

describe("refused when saved, with the position", () => {
  it.each([
    ["data.n ==", 1, 10, /EOF/],
    ["event.type == 'a' &&\n  && true", 2, 3, /AND/],
    ["foo == 1", 1, 1, /foo/],
    ["event.type > 3", 1, 1, /overload/],
    ["event.nosuch == 'a'", 1, 7, /nosuch/],
    ["'text'", 1, 1, /true or false/],
    ["", 1, 1, /.+/],
    ["true &&\n event.type.matches('(')", 2, 21, /regular expression/],
    ["event.type.matches(data.x)", 1, 20, /written out/],
    ["event.type.matches('(a{1000}){1000}')", 1, 20, /regular expression/],
    ["event.type.matches('" + "a".repeat(257) + "')", 1, 20, /longer than 256/],
    ["event.type.matches('(?=a)')", 1, 20, /RE2/],
    ["event.type.split('a').size() == 1", 1, 1, /not allowed/],
    ["['a'].join('b') == 'a'", 1, 1, /not allowed/],
    ["cel.bind(x, 'a' + 'a', x == 'aa')", 1, 1, /not allowed/],
    ["bytes('a').size() == 1", 1, 1, /not allowed/],
    ["data.l.exists(a, data.l.exists(b, data.l.exists(c, c == a)))", 1, 35, /deep/],
    [Array.from({ length: 9 }, () => "data.l.exists(a, a == 1)").join(" || "), 1, 225, /8 loops/],
    [Array.from({ length: 150 }, () => "true").join(" && "), 1, /\d/, /.+/],
    ["(".repeat(40) + "true" + ")".repeat(40), 1, /\d/, /.+/],
    ["!".repeat(250) + "true", 1, /\d/, /.+/],
    ["\u001b[31m", 1, 1, /.+/],
  ] as const)("%s", (text, line, column, reason) => {
    const compiled = compileFilter(text);
    expect(compiled).toMatchObject({ ok: false, reason: expect.stringMatching(reason) as string, line });
    if (typeof column === "number") expect(compiled).toMatchObject({ column });
    expect(JSON.stringify(compiled)).not.toMatch(/\\u001b/);
  });
});

describe("too much to do ends, the same way every time", () => {
  it.each([
    ["rounds within rounds", "data.many.exists(a, data.many.exists(b, a + b < 0.0))"],
    ["rounds within rounds, swallowed", "data.many.exists(a, data.many.exists(b, a + b < 0.0)) || true"],
    ["text that doubles", "[data.huge].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a)[0].size() > 1"],
    ["a search in a long text", "data.huge.matches('(a+)+$')"],
    ["large values compared", "data.many.exists(a, [data.many] == [data.many] && a < 0.0)"],
    ["a large list searched", "data.many.exists(a, -1.0 in data.many)"],
    ["a heavy pattern", "data.long.matches('(a{1,100}){1,4}b')"],
    ["large values again and again", "data.many.exists(a, data.huge.contains('aaab'))"],
  ])("%s", (_name, text) => {
    expect(verdict(text)).toEqual({ failed: "over_budget" });
    // Without the meter each takes seconds to hours.
    expect(verdict("data.amount == 150")).toEqual({ matches: true });
  });
  it("a pattern that makes others hang is answered", () =>
    expect(verdict("data.long.matches('^(a+)+$')")).toEqual({ matches: false }));
  it("a number of thousands of digits is not converted", () =>
    expect(verdict("int(data.digits) > 1")).toEqual({ failed: "no_such_overload" }));
  it("a thousand elements are no trouble", () =>
    expect(verdict("data.list.exists(i, i == 999.0)", { list: Array.from({ length: 1_000 }, (_, n) => n) })).toEqual({
      matches: true,
    }));
});
