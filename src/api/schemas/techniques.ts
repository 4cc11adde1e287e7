/** Techniques towards a consumer's endpoint, as a subscription chooses and combines them; and what of them may be shown. */
import { z } from "zod";
import { headerOf } from "../../activities/auth.js";
import { isHeaderName, isReservedHeader } from "../../activities/http-headers.js";
import { text } from "./primitives.js";

/** A field value without anything that could end the line, RFC 9110 section 5.5. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const MAX_VALUE = 4_096;
const MAX_HEADERS = 20;

const headerName = z.string().min(1).max(128).refine(isHeaderName, "must be a header name")
  .refine((name) => !isReservedHeader(name), "must not be a header of HTTP or of the delivery itself");
const headerValue = z.string().min(1).max(MAX_VALUE).regex(HEADER_VALUE, "must be visible ASCII");

const oneAuth = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("basic"),
    username: text(256).refine((name) => !name.includes(":"), "must not hold a colon (RFC 7617)"),
    password: text(1_024),
  }),
  z.strictObject({ type: z.literal("api_key"), header: headerName, value: headerValue }),
]);
const severalAuths = z.array(oneAuth).min(1).max(3)
  .refine((auths) => new Set(auths.map(({ type }) => type)).size === auths.length, "must not hold a type twice")
  .refine((auths) => new Set(auths.map(headerOf)).size === auths.length, "must not write the same header twice");
export const auth = z.union([oneAuth, severalAuths]).meta({ id: "EndpointAuth", description: "One way to authenticate, or several that write different headers" });

const oneAuthView = z.union([
  z.object({ type: z.literal("basic"), username: z.string() }),
  z.object({ type: z.literal("api_key"), header: z.string() }),
  z.object({
    type: z.literal("oauth2"), tokenUrl: z.string(), clientId: z.string(), scope: z.string().optional(), audience: z.string().optional(),
    clientAuth: z.enum(["basic", "post"]).optional(),
  }),
]);
export const authView = z.union([oneAuthView, z.array(oneAuthView)]);

/** Custom headers. `authorization` is left to `auth`, which masks and combines it. */
export const headers = z.record(headerName.refine((name) => name.toLowerCase() !== "authorization", "is written by `auth`"), headerValue)
  .refine((given) => Object.keys(given).length <= MAX_HEADERS, `must be at most ${MAX_HEADERS}`)
  .refine((given) => new Set(Object.keys(given).map((name) => name.toLowerCase())).size === Object.keys(given).length, "must not name a header twice")
  .meta({ id: "CustomHeaders", description: "Sent with every request; sealed at rest, and never shown again" });
export const headersView = z.array(z.string()).meta({ description: "Names of the custom headers" });

const pem = z.string().min(1).max(65_536).regex(/^[\x09\x0a\x0d\x20-\x7e]+$/, "must be PEM");
export const tls = z.strictObject({
  clientCert: pem.optional(),
  clientKey: pem.optional().meta({ description: "Never shown again" }),
  ca: pem.optional().meta({ description: "Trusted instead of the public roots" }),
  minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).optional(),
}).meta({ id: "EndpointTls" });
export const tlsView = z.object({
  clientCert: z.string().optional(), hasClientKey: z.boolean(), ca: z.string().optional(), minVersion: z.string().optional(),
});
