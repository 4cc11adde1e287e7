import { expect, it } from "vitest";
import { authHeaders } from "../../src/endpoint/auth.js";

it("gives Basic credentials in UTF-8 (RFC 7617), a colon in the password included", () => {
  expect(authHeaders({ type: "basic", username: "Aladdin", password: "open sesame" })).toEqual({
    authorization: "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
  });
  expect(authHeaders({ type: "basic", username: "test", password: "123£:" })).toEqual({
    authorization: `Basic ${Buffer.from("test:123£:").toString("base64")}`,
  });
});

it("gives the API key under its header, and nothing without authentication", () => {
  expect(authHeaders({ type: "api_key", header: "X-Api-Key", value: "secret" })).toEqual({ "x-api-key": "secret" });
  expect(authHeaders(undefined)).toEqual({});
});
