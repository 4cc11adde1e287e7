import { expect, test } from "vitest";
import { searchByForm } from "../../../../web/src/parts/frame/search-by-form.js";

const ULID = "01K3ZJ8Q5T9V7X2M4N6P8R0S1W";

test.each([
  [`evt_${ULID}.sub_${ULID}`, { to: "/deliveries/$id", params: { id: `evt_${ULID}.sub_${ULID}` } }],
  [`order~3A4711.sub_${ULID}`, { to: "/deliveries/$id", params: { id: `order~3A4711.sub_${ULID}` } }],
  [`sub_${ULID}`, { to: "/subscriptions/$id", params: { id: `sub_${ULID}` } }],
  [`evt_${ULID}`, { to: "/events/$id", params: { id: `evt_${ULID}` } }],
  ["payments.invoice.paid", undefined],
  ["127.0.0.1:9443", undefined],
  [`resend/evt_${ULID}.sub_${ULID}`, undefined],
  ["two words", undefined],
  ["https://acme.example/hooks", undefined],
  ["", undefined],
])("%s", (text, target) => {
  expect(searchByForm(text, true)).toEqual(target);
});

test("who may not open an event is led to its deliveries", () => {
  expect(searchByForm(`evt_${ULID}`, false)).toEqual({ to: "/deliveries", search: { event: `evt_${ULID}` } });
});
