import { expect, test } from "vitest";
import {
  protectionChange,
  protectionFormOf,
  rebasedProtection,
} from "../../../../../web/src/screens/subscription/security/protection.js";

const plain = { signing: { schemes: ["v1" as const] } };
const basic = { ...plain, auth: { type: "basic" as const, username: "acme" } };

test("what is not touched is not sent", () => {
  expect(protectionChange(plain, protectionFormOf(plain))).toEqual({});
  expect(protectionChange(basic, protectionFormOf(basic))).toEqual({});
});

test("schemes are sent in their own order, and at least one is needed", () => {
  const form = protectionFormOf(plain);
  expect(protectionChange(plain, { ...form, schemes: ["rfc9421", "v1"] })).toEqual({
    signing: { schemes: ["v1", "rfc9421"] },
  });
  expect(protectionChange(plain, { ...form, schemes: [] })).toBeUndefined();
});

test("settings of message signatures stay as long as these are chosen", () => {
  const signed = { signing: { schemes: ["rfc9421" as const], rfc9421: { alg: "hmac-sha256" as const } } };
  const form = protectionFormOf(signed);
  expect(protectionChange(signed, { ...form, schemes: ["v1a", "rfc9421"] })).toEqual({
    signing: { schemes: ["v1a", "rfc9421"], rfc9421: { alg: "hmac-sha256" } },
  });
  expect(protectionChange(signed, { ...form, schemes: ["v1a"] })).toEqual({ signing: { schemes: ["v1a"] } });
});

test("authentication is taken away only where there is one", () => {
  expect(protectionChange(basic, { ...protectionFormOf(basic), auth: "none" })).toEqual({ auth: null });
  expect(protectionChange(plain, { ...protectionFormOf(plain), auth: "none" })).toEqual({});
});

test("each method needs its fields, and a password keeps its blanks", () => {
  const form = { ...protectionFormOf(plain), auth: "basic" as const };
  expect(protectionChange(plain, { ...form, fields: { username: "acme" } })).toBeUndefined();
  expect(protectionChange(plain, { ...form, fields: { username: " acme ", password: " two words " } })).toEqual({
    auth: { type: "basic", username: "acme", password: " two words " },
  });
  const oauth = { tokenUrl: "https://id.example/token", clientId: "c", clientSecret: "s" };
  expect(protectionChange(plain, { ...form, auth: "oauth2", fields: oauth })).toEqual({
    auth: { type: "oauth2", ...oauth },
  });
  expect(protectionChange(plain, { ...form, auth: "api_key", fields: { header: "x-key", value: "v" } })).toEqual({
    auth: { type: "api_key", header: "x-key", value: "v" },
  });
});

test("own headers are given all anew, or stay as they are", () => {
  const saved = { ...plain, headers: ["x-team"] };
  const form = protectionFormOf(saved);
  expect(protectionChange(saved, form)).toEqual({});
  expect(protectionChange(saved, { ...form, ownHeaders: [] })).toEqual({ headers: null });
  expect(protectionChange(plain, { ...form, ownHeaders: [] })).toEqual({});
  expect(protectionChange(plain, { ...form, ownHeaders: [{ name: " x-team ", value: " a b" }] })).toEqual({
    headers: { "x-team": " a b" },
  });
  for (const rows of [
    [{ name: "", value: "v" }],
    [{ name: "x-team", value: "" }],
    [
      { name: "x-team", value: "a" },
      { name: "X-Team", value: "b" },
    ],
  ])
    expect(protectionChange(plain, { ...form, ownHeaders: rows })).toBeUndefined();
});

test("what was typed is put on top of what somebody else has saved", () => {
  const theirs = { signing: { schemes: ["v1" as const, "v1a" as const] } };
  const mine = { ...protectionFormOf(plain), auth: "basic" as const, fields: { username: "acme", password: "p" } };
  expect(rebasedProtection(mine, plain, theirs)).toEqual({ ...mine, schemes: ["v1", "v1a"] });
  // What nobody touched here follows, and what is gone cannot be kept.
  expect(rebasedProtection(protectionFormOf(plain), plain, basic).auth).toBe("kept");
  expect(rebasedProtection(protectionFormOf(basic), basic, plain).auth).toBe("none");
  const chosen = { ...protectionFormOf(plain), schemes: ["rfc9421" as const] };
  expect(rebasedProtection(chosen, plain, theirs).schemes).toEqual(["rfc9421"]);
});
