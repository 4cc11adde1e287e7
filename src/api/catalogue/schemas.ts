/** Apis, event types and groups. */
import { z } from "zod";
import { MAIL_LANGUAGES } from "../../store/notices/mail-language.js";
import { VALIDATION_MODES } from "../../store/model.js";
import {
  eventTypeName,
  externalIdText,
  idOrExternal,
  instant,
  instantInput,
  pageQuery,
  prefixedId,
  RESERVED_TYPE_PREFIX,
  text,
} from "../http/primitives.js";

export const apiId = prefixedId("api");
export const groupId = prefixedId("grp");
/** As a request names them. The router puts the object's own id in the place of an external one. */
export const apiRef = idOrExternal("api", "api");
export const groupRef = idOrExternal("grp", "group");

const externalIdOf = (what: string) =>
  externalIdText.meta({
    description:
      `Your own id for it, unique among the ${what}. A request may name it by \`ext:\` and this id wherever it ` +
      "takes the id itself. It is not sealed, so it must hold no secret",
    example: "acme-42",
  });
const apiExternalId = externalIdOf("apis");
const groupExternalId = externalIdOf("groups");

const description = text(2_000).meta({ description: "What it is, for people" });
const atLeastOne = (change: object): boolean => Object.keys(change).length > 0;
const NOTHING = "must change something";

const listed = z
  .boolean()
  .meta({
    description:
      "Every consumer finds the api by name and description, and can ask for a grant of it or of " +
      "one of its event types",
  });

const approval = z
  .enum(["manual", "automatic"])
  .meta({
    description: "Whether a provider approves subscriptions of consumers to its event types, or the service at once",
  });

const retentionDays = z
  .int()
  .min(1)
  .max(36_500)
  .meta({
    description:
      "Days after which settled events of this api are removed, with their deliveries. Only an admin sets it. " +
      "Without it `EVENT_RETENTION_DAYS` holds. `null` removes it",
  });
export const apiInput = z
  .strictObject({
    name: text(128),
    description: description.optional(),
    listed: listed.optional(),
    approval: approval.optional(),
    retentionDays: retentionDays.optional(),
    externalId: apiExternalId.optional(),
  })
  .meta({ id: "ApiInput" });
export const apiChange = z
  .strictObject({
    name: text(128).optional(),
    description: description.nullable().optional(),
    listed: listed.optional(),
    approval: approval.optional(),
    retentionDays: retentionDays.nullable().optional(),
    externalId: apiExternalId.nullable().optional(),
  })
  .refine(atLeastOne, NOTHING)
  .meta({ id: "ApiChange", minProperties: 1 });
export const apiView = z
  .object({
    id: apiId,
    name: z.string(),
    description: z.string().optional(),
    listed: z.boolean(),
    approval,
    retentionDays: retentionDays.optional(),
    externalId: z.string().optional(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: "Api" });

/** The query of a deletion that can take more with it. */
export const eraseQuery = (name: "cascade" | "erase", meaning: string) =>
  z.strictObject({ [name]: z.enum(["true", "false"]).optional().meta({ description: meaning }) });

const jsonSchema = z
  .record(z.string(), z.unknown())
  .meta({ description: "JSON Schema 2020-12 of the payload", override: { type: "object", propertyNames: undefined } });

const examples = z
  .array(z.unknown())
  .min(1)
  .max(10)
  .meta({ description: "Example payloads. Each must satisfy the schema" });
const validation = z
  .enum(VALIDATION_MODES)
  .meta({
    description:
      "What a publish does with a payload that the schema does not allow. `off` does nothing, " +
      "`warn` counts and logs it, and `enforce` refuses it with 422 `payload_invalid`",
  });
export const deprecationInput = z
  .strictObject({
    at: instantInput,
    sunsetAt: instantInput
      .optional()
      .meta({
        description:
          "From this time on nothing is published any more. This is only information, and nothing " + "is refused",
      }),
    replacedBy: eventTypeName.optional(),
    note: text(1_000).optional(),
  })
  .refine(({ at, sunsetAt }) => sunsetAt === undefined || Date.parse(sunsetAt) >= Date.parse(at), {
    path: ["sunsetAt"],
    message: "must not be before at",
  })
  .meta({ id: "DeprecationInput" });
const deprecationView = z
  .object({ at: instant, sunsetAt: instant.optional(), replacedBy: z.string().optional(), note: z.string().optional() })
  .meta({ id: "Deprecation" });

export const eventTypeInput = z
  .strictObject({
    name: eventTypeName.refine(
      (name) => !name.startsWith(RESERVED_TYPE_PREFIX),
      `must not begin with ${RESERVED_TYPE_PREFIX}`,
    ),
    apiId: apiRef,
    description: description.optional(),
    schema: jsonSchema.optional(),
    examples: examples.optional(),
    validation: validation.optional(),
    deprecation: deprecationInput.optional(),
  })
  .meta({ id: "EventTypeInput" });
export const eventTypeChange = z
  .strictObject({
    description: description.nullable().optional(),
    schema: jsonSchema.nullable().optional(),
    examples: examples.nullable().optional(),
    validation: validation.optional(),
    deprecation: deprecationInput.nullable().optional(),
  })
  .refine(atLeastOne, NOTHING)
  .meta({ id: "EventTypeChange", minProperties: 1 });

const version = z
  .int()
  .min(1)
  .meta({ description: "The version of the schema. Publishes are checked against the newest" });
const eventTypeFilters = {
  apiId: apiRef.optional(),
  prefix: text(128).optional().meta({ description: "Beginning of the name" }),
  search: text(128)
    .optional()
    .meta({ description: "A text anywhere in the name or the description, in upper or lower case" }),
};
export const eventTypeFilterQuery = z.strictObject(eventTypeFilters);
export const eventTypePageQuery = pageQuery.extend(eventTypeFilters);

export const eventTypeView = z
  .object({
    name: z.string(),
    apiId,
    description: z.string().optional(),
    version,
    schema: jsonSchema.optional(),
    examples: z.array(z.unknown()).optional(),
    validation: z.enum(VALIDATION_MODES),
    deprecation: deprecationView.optional(),
    grantedBy: z
      .array(z.object({ groupId, grant: z.string() }))
      .optional()
      .meta({ description: "For a consumer: the grants that give it to its groups" }),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: "EventType" });
export const eventTypeVersionView = z
  .object({
    version,
    schema: jsonSchema.optional(),
    examples: z.array(z.unknown()).optional(),
    createdAt: instant.meta({ description: "Since when it was the newest" }),
    supersededAt: instant.optional().meta({ description: "Absent for the newest version" }),
  })
  .meta({ id: "EventTypeVersion" });

const grants = z
  .array(z.union([apiId, eventTypeName]))
  .max(500)
  .meta({ description: "Ids of apis and names of event types" });
const samlGroups = z
  .array(text(512))
  .max(100)
  .meta({ description: "Values of the SAML groups attribute that make a person a member" });

const language = z
  .enum(MAIL_LANGUAGES)
  .meta({ description: "Language of mail to contacts of its subscriptions. English if absent" });

export const groupInput = z
  .strictObject({
    name: text(128),
    grants: grants.optional(),
    samlGroups: samlGroups.optional(),
    externalId: groupExternalId.optional(),
    language: language.optional(),
  })
  .meta({ id: "GroupInput" });
export const groupChange = z
  .strictObject({
    name: text(128).optional(),
    grants: grants.optional(),
    samlGroups: samlGroups.optional(),
    externalId: groupExternalId.nullable().optional(),
    language: language.nullable().optional(),
  })
  .refine(atLeastOne, NOTHING)
  .meta({ id: "GroupChange", minProperties: 1 });
export const groupView = z
  .object({
    id: groupId,
    name: z.string(),
    grants: z.array(z.string()),
    samlGroups: z.array(z.string()),
    externalId: z.string().optional(),
    language: language.optional(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: "Group" });
