/** SAML connections. */
import { z } from "zod";
import { PEM_LIMITS } from "../../../endpoint/certificates/pem.js";
import { SAML_ROLES } from "../../../store/collections/saml-connections.js";
import { MAX_AGGREGATE_CHARACTERS } from "../metadata/metadata-text.js";
import { apiRef, groupRef } from "../../catalogue/schemas.js";
import { prefixedId, instant, text } from "../../http/primitives.js";
import { overlapSeconds } from "../../overlap.js";

export const connectionId = prefixedId("sso");
export const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits in lower case")
  .meta({ description: "SHA-256 of the certificate", example: "0".repeat(64) });

const certificateText = z
  .string()
  .min(1)
  .max(PEM_LIMITS.characters)
  .meta({ description: "PEM, or the bare base64 of the certificate. Of a chain the leaf is taken" });
const roleMapping = z
  .strictObject({
    samlGroup: text(512).meta({ description: "Value of the groups attribute" }),
    role: z.enum(SAML_ROLES),
    apiIds: z
      .array(apiRef)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "The apis that a provider is limited to. All when absent" }),
  })
  .refine(({ role, apiIds }) => apiIds === undefined || role === "provider", {
    path: ["apiIds"],
    message: "belongs to providers only",
  })
  .meta({ id: "SamlRoleMapping", outputId: "SamlRoleMappingView" });

const groupsAttribute = text(256).meta({
  description: "Name of the attribute with a person's groups. When absent, the well-known names are tried " + "in turn",
});
const authnContextClassRefs = z
  .array(text(256))
  .min(1)
  .max(10)
  .meta({
    description:
      "Asked for at the identity provider, for example a second factor. Responses without one " + "of them are refused",
    example: ["https://refeds.org/profile/mfa"],
  });
const clockSkewSeconds = z
  .int()
  .min(0)
  .max(300)
  .meta({
    description:
      "By how many seconds the identity provider's clock may differ. When absent, the service's " +
      "`SAML_CLOCK_SKEW_SECONDS` counts",
  });
const settings = {
  requireSignedResponse: z
    .boolean()
    .optional()
    .meta({ description: "Whether the response must be signed as well as the assertion. True when absent" }),
  signRequests: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether requests are signed with this service's key. When absent, the metadata decides " +
        "(`WantAuthnRequestsSigned`)",
    }),
  idpInitiated: z
    .boolean()
    .optional()
    .meta({ description: "Whether responses without a request are accepted. False when absent" }),
  groupIds: z
    .array(groupRef)
    .max(500)
    .optional()
    .meta({
      description:
        "The groups whose membership this identity provider may give (by their `samlGroups`). " + "None when absent",
    }),
  roles: z.array(roleMapping).max(100).optional().meta({ description: "Whose groups hold `samlGroup` has the role" }),
  status: z.enum(["enabled", "disabled"]).optional(),
};

const SOURCES = "must be given by exactly one of `metadataXml`, `metadataUrl`, or `ssoUrl` with `certificates`";
const source = {
  metadataXml: z
    .string()
    .min(1)
    .optional()
    .meta({
      maxLength: MAX_AGGREGATE_CHARACTERS,
      description:
        "The identity provider's metadata, up to 1 MiB. A federation's aggregate may have 8 MiB " +
        "if `entityId` names the provider. If it is larger, then give the provider's own document " +
        "(MDQ).",
    }),
  // With a protocol Zod reads the URL itself. Without one it asks `URL.canParse`, which forgets foreign letters.
  metadataUrl: z.url({ protocol: /./ }).max(2_048).optional().meta({ description: "Where it is fetched from, once" }),
  certificates: z
    .array(certificateText)
    .min(1)
    .max(10)
    .optional()
    .meta({ description: "Signing certificates of the identity provider" }),
};

export const connectionInput = z
  .strictObject({
    name: text(128),
    ...source,
    entityId: text(1_024)
      .optional()
      .meta({
        description:
          "The entity id of the identity provider. If the metadata describes several, then it is " +
          "the one that is meant",
      }),
    ssoUrl: z
      .string()
      .min(1)
      .max(2_048)
      .optional()
      .meta({ description: "Where it takes requests by the HTTP-Redirect binding" }),
    groupsAttribute: groupsAttribute.optional(),
    authnContextClassRefs: authnContextClassRefs.optional(),
    clockSkewSeconds: clockSkewSeconds.optional(),
    ...settings,
  })
  .superRefine(({ metadataXml, metadataUrl, certificates, entityId, ssoUrl }, context) => {
    const parts = [certificates, ssoUrl].filter((each) => each !== undefined).length;
    const given = [metadataXml, metadataUrl].filter((each) => each !== undefined).length;
    if (given + (parts > 0 ? 1 : 0) !== 1) context.addIssue({ code: "custom", path: [], message: SOURCES });
    else if (given === 0 && (parts !== 2 || entityId === undefined))
      context.addIssue({
        code: "custom",
        path: [],
        message: "`entityId`, `ssoUrl` and `certificates` belong together",
      });
  })
  .meta({ id: "SamlConnectionInput" });

export const connectionChange = z
  .strictObject({
    name: text(128).optional(),
    ssoUrl: z.string().min(1).max(2_048).optional(),
    groupsAttribute: groupsAttribute.nullable().optional(),
    authnContextClassRefs: authnContextClassRefs.nullable().optional(),
    clockSkewSeconds: clockSkewSeconds.nullable().optional(),
    ...settings,
  })
  .refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({ id: "SamlConnectionChange", minProperties: 1 });

export const connectionMetadata = z
  .strictObject(source)
  .superRefine((given, context) => {
    if (Object.keys(given).length !== 1)
      context.addIssue({
        code: "custom",
        path: [],
        message: "must hold exactly one of `metadataXml`, `metadataUrl`, `certificates`",
      });
  })
  .meta({ id: "SamlConnectionMetadata" });

const certificateView = z
  .object({ fingerprint256: fingerprint, notBefore: instant, notAfter: instant, addedAt: instant, pem: z.string() })
  .meta({ id: "SamlCertificate" });
const spKeyView = z
  .object({
    fingerprint256: fingerprint,
    certificate: z.string().meta({ description: "PEM, self-signed" }),
    notAfter: instant,
    createdAt: instant,
    expiresAt: instant.optional().meta({ description: "Neither used nor published from here on" }),
  })
  .meta({ id: "SamlKey" });
export const spKeyRotation = z
  .strictObject({
    overlapSeconds: overlapSeconds(
      90,
      "How long the earlier keys count too. 1,209,600 (two weeks) when absent. With 0 they end " + "at once",
    ),
  })
  .meta({ id: "SamlKeyRotation" });

const logoutEndpoint = z.object({ url: z.string(), responseUrl: z.string().optional() });

export const connectionView = z
  .object({
    id: connectionId,
    name: z.string(),
    entityId: z.string(),
    ssoUrl: z
      .string()
      .optional()
      .meta({
        description:
          "Where it takes requests by the HTTP-Redirect binding. At least one of the two addresses " + "is present",
      }),
    ssoPostUrl: z.string().optional().meta({ description: "Where it takes requests by the HTTP-POST binding" }),
    slo: z
      .object({ redirect: logoutEndpoint.optional(), post: logoutEndpoint.optional() })
      .optional()
      .meta({ description: "Where it takes messages of single logout, by binding" }),
    certificates: z.array(certificateView),
    certificateExpiresAt: instant.meta({ description: "When the last certificate ends, and log-ins with it" }),
    expiring: z.boolean().meta({ description: "That is less than 30 days away" }),
    keys: z
      .array(spKeyView)
      .meta({
        description:
          "This service's own keys, newest first. It signs with the oldest one and decrypts with " +
          "all. When empty, the first read of the metadata makes the first key",
      }),
    signRequests: z.boolean().optional().meta({ description: "Requests are signed" }),
    groupsAttribute: z.string().optional(),
    requireSignedResponse: z.boolean(),
    idpInitiated: z.boolean(),
    authnContextClassRefs: z.array(z.string()).optional(),
    clockSkewSeconds: clockSkewSeconds.optional(),
    groupIds: z.array(z.string()),
    roles: z.array(roleMapping),
    status: z.enum(["enabled", "disabled"]),
    acsUrl: z.string().meta({ description: "Assertion consumer service (reply URL) for the identity provider" }),
    spEntityId: z
      .string()
      .meta({ description: "Entity id and audience of this service towards it, and the address of its metadata" }),
    warnings: z
      .array(z.string())
      .optional()
      .meta({
        description:
          "What of the metadata or certificates was left out, and why. Only in the answer to the " +
          "call that read them",
      }),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: "SamlConnection" });
