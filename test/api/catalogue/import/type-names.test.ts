import { expect, it } from "vitest";
import { firstName } from "../../../../src/api/catalogue/import/type-names.js";

it("the first given name that can be one is taken, a path with dots", () => {
  expect(firstName(["order.created", "other"], [])).toEqual({ ok: true, name: "order.created", passedOver: [] });
  expect(firstName(["/orders/created/"], [])).toEqual({ ok: true, name: "orders.created", passedOver: [] });
});

it("names that cannot be one are told, and the next is taken", () => {
  expect(firstName([7, undefined, "two words", "order.created"], ["place"])).toEqual({
    ok: true,
    name: "order.created",
    passedOver: ["two words"],
  });
});

it("the place is taken where no given name can be one", () => {
  expect(firstName(["two words"], [undefined, "/a b", "/webhooks/paid"])).toEqual({
    ok: true,
    name: "webhooks.paid",
    passedOver: ["two words"],
  });
  expect(firstName([], [])).toEqual({ ok: false });
  expect(firstName([], ["two words"])).toEqual({ ok: false });
});

it("what is told of a name is bounded", () => {
  const found = firstName([" ".repeat(1_000)], ["place"]);
  expect(found.ok && found.passedOver.map(({ length }) => length)).toEqual([128]);
});
