import { expect, test } from "vitest";
import { readFirstFields } from "../../../../web/src/screens/subscription-new/drafts.js";

const empty = { url: "", name: "", groupId: "", types: [] };

test("what was typed is read again", () => {
  const fields = { url: "https://acme.example", name: "Ledger", groupId: "grp_1", types: ["a.b"] };
  expect(readFirstFields(JSON.stringify(fields))).toEqual(fields);
});

test.each(["", "{", "null", "[]", '"text"'])("%s is read as nothing", (text) => {
  expect(readFirstFields(text)).toEqual(empty);
});

test("what is of another form is left out", () => {
  expect(readFirstFields('{"url":1,"name":"Ledger","types":["a.b",2]}')).toEqual({
    ...empty,
    name: "Ledger",
    types: ["a.b"],
  });
});
