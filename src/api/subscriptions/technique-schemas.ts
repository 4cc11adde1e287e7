/**
 * The techniques towards a consumer's endpoint. A subscription chooses and combines them. This file also says what is
 * shown of them.
 */
import { z } from "zod";
import { headerOf } from "../../endpoint/auth.js";
import { isHeaderName, isReservedHeader } from "../../endpoint/http-headers.js";
import { PEM_LIMITS } from "../../endpoint/certificates/pem.js";
import { SIGNING_SCHEMES } from "../../store/model.js";
import { instant, text } from "../http/primitives.js";
import { overlapSeconds } from "../overlap.js";

/** A field value without anything that could end the line, RFC 9110 section 5.5. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const MAX_VALUE = 4_096;
const MAX_HEADERS = 20;

const headerName = z
  .string()
  .min(1)
  .max(128)
  .refine(isHeaderName, "must be a header name")
  .refine((name) => !isReservedHeader(name), "must not be a header of HTTP or of the delivery itself");
const headerValue = z.string().min(1).max(MAX_VALUE).regex(HEADER_VALUE, "must be visible ASCII");

/** Any text. Its reader finds the PEM in it and says what is wrong. */
const pem = z.string().min(1).max(PEM_LIMITS.characters);

export const url = z
  .string()
  .min(1)
  .max(2_048)
  .regex(/^https?:\/\/[^\s\u0000-\u0020\u007f]+$/i, "must be an absolute https URL");

const oneAuth = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("basic"),
    username: text(256).refine((name) => !name.includes(":"), "must not hold a colon (RFC 7617)"),
    password: text(1_024),
  }),
  z.strictObject({ type: z.literal("api_key"), header: headerName, value: headerValue }),
  z.strictObject({
    type: z.literal("oauth2"),
    tokenUrl: url.meta({
      description: "Token endpoint of the authorization server. It must be https and a public host",
    }),
    clientId: text(256),
    clientSecret: text(1_024),
    scope: z
      .string()
      .min(1)
      .max(1_024)
      .regex(
        /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
        "must be words joined by single spaces (RFC 6749, 3.3)",
      )
      .optional(),
    audience: text(1_024).optional(),
    clientAuth: z
      .enum(["basic", "post"])
      .optional()
      .meta({ description: "How the client proves itself (RFC 6749, 2.3.1). `basic` when absent" }),
    ca: pem.optional().meta({ description: "Trusted for the token URL instead of the public roots" }),
  }),
]);
const severalAuths = z
  .array(oneAuth)
  .min(1)
  .max(3)
  .refine((auths) => new Set(auths.map(({ type }) => type)).size === auths.length, "must not hold a type twice")
  .refine((auths) => new Set(auths.map(headerOf)).size === auths.length, "must not write the same header twice");
export const auth = z
  .union([oneAuth, severalAuths])
  .meta({ id: "EndpointAuth", description: "One way to authenticate, or several that write different headers" });

const oneAuthView = z.union([
  z.object({ type: z.literal("basic"), username: z.string() }),
  z.object({ type: z.literal("api_key"), header: z.string() }),
  z.object({
    type: z.literal("oauth2"),
    tokenUrl: z.string(),
    clientId: z.string(),
    scope: z.string().optional(),
    audience: z.string().optional(),
    clientAuth: z.enum(["basic", "post"]).optional(),
    ca: z.string().optional(),
  }),
]);
export const authView = z.union([oneAuthView, z.array(oneAuthView)]);

/** Custom headers. `authorization` is left to `auth`, which masks and combines it. */
export const headers = z
  .record(
    headerName.refine((name) => name.toLowerCase() !== "authorization", "is written by `auth`"),
    headerValue,
  )
  .refine((given) => Object.keys(given).length <= MAX_HEADERS, `must be at most ${MAX_HEADERS}`)
  .refine(
    (given) => new Set(Object.keys(given).map((name) => name.toLowerCase())).size === Object.keys(given).length,
    "must not name a header twice",
  )
  .meta({ id: "CustomHeaders", description: "Sent with every request. They are sealed at rest and never shown again" });
export const headersView = z.array(z.string()).meta({ description: "Names of the custom headers" });

export const tls = z
  .strictObject({
    clientCert: pem
      .optional()
      .meta({
        description:
          "PEM: the client certificate with its intermediates, in any order. One file with the key " +
          "is accepted too",
      }),
    clientKey: pem
      .optional()
      .meta({
        description:
          "PEM, not encrypted. It is never shown again. In a change, a certificate without one keeps the saved key " +
          "if it is for it",
      }),
    ca: pem.optional().meta({ description: "PEM: root certificates. They are trusted instead of the public roots" }),
    minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).optional(),
  })
  .meta({ id: "EndpointTls" });
export const tlsView = z.object({
  clientCert: z.string().optional(),
  hasClientKey: z.boolean(),
  ca: z.string().optional(),
  minVersion: z.string().optional(),
});

const schemes = z
  .array(z.enum(SIGNING_SCHEMES))
  .min(1)
  .max(SIGNING_SCHEMES.length)
  .refine((given) => new Set(given).size === given.length, "must not name a scheme twice")
  .meta({
    uniqueItems: true,
    description:
      '`v1`: HMAC, `v1a`: Ed25519 (both Standard Webhooks), `rfc9421`: HTTP Message Signatures; `["v1"]` when absent',
  });
const rfc9421 = z.strictObject({
  alg: z
    .enum(["ed25519", "hmac-sha256"])
    .optional()
    .meta({ description: "`ed25519` with the published key when absent, or `hmac-sha256` with the signing secret" }),
  digest: z
    .enum(["sha-256", "sha-512"])
    .optional()
    .meta({ description: "Algorithm of Content-Digest. `sha-256` when absent" }),
});
export const signing = z
  .strictObject({ schemes: schemes.optional(), rfc9421: rfc9421.optional() })
  .meta({ id: "Signing" });
export const signingView = z.object({ schemes, rfc9421: rfc9421.optional() }).meta({ id: "SigningView" });

export const keyView = z
  .object({
    kid: z.string().meta({ description: "JWK thumbprint (RFC 7638). It is the `keyid` of message signatures" }),
    publicKey: z.string().meta({ description: "In the form of Standard Webhooks: `whpk_` and base64" }),
    createdAt: instant,
    expiresAt: instant.optional(),
  })
  .meta({ id: "SigningKey" });

export const signingKeyRotation = z
  .strictObject({
    overlapSeconds: overlapSeconds(7, "How long the earlier keys sign and are published too. 86,400 when absent"),
  })
  .meta({ id: "SigningKeyRotation" });

export const jwks = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal("OKP"),
        crv: z.literal("Ed25519"),
        x: z.string(),
        kid: z.string(),
        use: z.literal("sig"),
        alg: z.literal("EdDSA"),
      }),
    ),
  })
  .meta({ id: "JsonWebKeySet" });

export const csrInput = z
  .strictObject({
    subject: z.strictObject({
      commonName: text(64),
      organization: text(64).optional(),
      organizationalUnit: text(64).optional(),
      locality: text(128).optional(),
      state: text(128).optional(),
      country: z
        .string()
        .regex(/^[A-Z]{2}$/, "must be a country code of two capital letters")
        .optional(),
    }),
    keyType: z
      .enum(["ec-p256", "ec-p384", "rsa-2048", "rsa-3072"])
      .optional()
      .meta({ description: "`ec-p256` when absent" }),
  })
  .meta({ id: "CertificateRequestInput" });
export const certificateRequestView = z
  .object({ certificateRequest: z.string().meta({ description: "PEM, PKCS #10 (RFC 2986)" }), createdAt: instant })
  .meta({ id: "CertificateRequest" });
export const certificateInput = z
  .strictObject({
    certificate: pem.meta({ description: "PEM: the certificate for the pending request, then its intermediates" }),
  })
  .meta({ id: "CertificateInput" });
