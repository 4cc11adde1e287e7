import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCursorSeal } from "../../../src/api/http/cursor-seal.js";

/** An HMAC under a key, as the store's pepper makes them. */
const storeOf = (key: string) => ({
  blindIndex: (label: string, value: string): Uint8Array =>
    createHmac("sha256", key).update(`${label}|${value}`).digest(),
});
const store = storeOf("one");
const list = createCursorSeal({ operationId: "listEvents" });
const inputOf = (query: Record<string, unknown>) => ({ params: {}, query, body: {} });
const REFUSED = { refused: "invalid_request", errors: [{ path: "query.cursor" }] };

function sealed(cursor: string): string {
  const body = list.seal(store, { data: [], next: cursor });
  if (typeof body !== "object" || body === null || !("next" in body)) throw new Error("there is no cursor");
  return String(body.next);
}

describe("the cursor of a list", () => {
  it("is opened by the list that gave it, with the rest of the query as it was", () => {
    const input = inputOf({ cursor: sealed("WzEsImEiXQ"), limit: 10 });
    expect(list.open(store, input)).toEqual(inputOf({ cursor: "WzEsImEiXQ", limit: 10 }));
  });

  it("may have dots of its own", () => {
    expect(list.open(store, inputOf({ cursor: sealed("a.b.c") }))).toEqual(inputOf({ cursor: "a.b.c" }));
  });

  it("says nothing to another list, nor to another service", () => {
    const cursor = sealed("abc");
    expect(createCursorSeal({ operationId: "listPeople" }).open(store, inputOf({ cursor }))).toMatchObject(REFUSED);
    expect(list.open(storeOf("other"), inputOf({ cursor }))).toMatchObject(REFUSED);
  });

  it.each([
    ["without a code", "abc"],
    ["without a cursor", sealed("abc").slice(sealed("abc").lastIndexOf("."))],
    ["with a code that is too short", sealed("abc").slice(0, -2)],
    ["with a code that goes on", `${sealed("abc")}A`],
    ["with padding", `${sealed("abc")}==`],
    ["for another page", `b${sealed("abc")}`],
    ["that is empty", ""],
    ["that is a dot", "."],
  ])("is refused %s", (_what, cursor) => expect(list.open(store, inputOf({ cursor }))).toMatchObject(REFUSED));

  it("is not there on the first page, which is left as it is", () => {
    const input = inputOf({ limit: 10 });
    expect(list.open(store, input)).toBe(input);
  });

  it.each([[undefined], [null], ["text"], [{ next: "abc" }], [{ data: [] }], [{ data: [], next: undefined }]])(
    "is not put into an answer that has none: %j",
    (body) => expect(list.seal(store, body)).toBe(body),
  );
});
