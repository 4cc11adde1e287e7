/** Headers by which Sealpost proves itself to an endpoint, beside the signature and the client certificate. */
import type { EndpointAuth } from "../store/model.js";

/** `Authorization: Basic …` (RFC 7617, UTF-8) or the API-key header; empty without authentication. */
export function authHeaders(auth: EndpointAuth | undefined): Record<string, string> {
  switch (auth?.type) {
    case undefined:
      return {};
    case "basic":
      return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`, "utf8").toString("base64")}` };
    case "api_key":
      return { [auth.header.toLowerCase()]: auth.value };
  }
}
