/** Log-in, sessions and people. */
import { z } from "zod";
import { ROLES } from "../../store/model.js";
import { instant, pageOf } from "../http/primitives.js";

/** `per_` and the 43 characters of an HMAC-SHA-256 in base64url. */
export const personId = z
  .string()
  .regex(/^per_[A-Za-z0-9_-]{43}$/, "must be the id of a person")
  .meta({ example: `per_${"0".repeat(43)}` });

/**
 * Where to go after the log-in. It must be a path of this service that no browser reads as another host. Browsers take
 * `\` for `/`, and they drop tabs and line breaks.
 */
export const returnTo = z
  .string()
  .max(512)
  .regex(
    /^\/(?![/\\])[^\\\u0000-\u0020\u007f-\u{10ffff}]*$/u,
    "must be a path of this service that begins with one `/`",
  )
  .meta({ example: "/portal/account", override: { pattern: "^/(?![/\\\\])[!-\\[\\]-~]*$" } });

export const loginQuery = z.strictObject({
  connection: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({
      description: "Id or name of the connection. When absent, it is the only connection, or a page asks " + "for it",
    }),
  returnTo: returnTo.optional().meta({ description: "Where to go afterwards. /portal when absent" }),
});

export const roleInput = z.strictObject({ role: z.enum(ROLES) }).meta({ id: "RoleInput" });

const named = z.object({ id: z.string(), name: z.string() });
export const meView = z
  .object({
    id: z.string().meta({ description: "The name in the audit: `person:…`, `key:…` or `environment`" }),
    displayName: z.string().optional(),
    email: z.string().optional(),
    connection: named.optional(),
    role: z.enum(ROLES).meta({ description: "The role you act in" }),
    roles: z.array(z.enum(ROLES)).meta({ description: "The roles you may act in" }),
    groups: z.array(named).optional().meta({ description: "The groups that a consumer acts for" }),
    apis: z.array(named).optional().meta({ description: "Of a provider that is limited to some apis" }),
    session: z
      .object({
        startedAt: instant,
        expiresAt: instant,
        endsAt: instant.meta({ description: "When it ends if nothing more is asked for" }),
      })
      .optional(),
    temporalUi: z
      .string()
      .optional()
      .meta({ description: "Where the Temporal UI begins for you: a path of this service. Absent: not for you" }),
  })
  .meta({ id: "Me" });

export const personView = z
  .object({
    id: personId,
    connectionId: z.string(),
    nameId: z.string(),
    displayName: z.string().optional(),
    email: z.string().optional(),
    firstLoginAt: instant,
    lastLoginAt: instant,
  })
  .meta({ id: "Person" });
export const peoplePage = pageOf(personView);
