/** Apis, event types and groups. */
import { z } from "zod";
import { eventTypeName, idOf, instant, RESERVED_TYPE_PREFIX, text } from "./primitives.js";

export const apiId = idOf("api");
export const groupId = idOf("grp");

const description = text(2_000).meta({ description: "What it is, for people" });
const atLeastOne = (change: object): boolean => Object.keys(change).length > 0;
const NOTHING = "must change something";

export const apiInput = z.strictObject({ name: text(128), description: description.optional() }).meta({ id: "ApiInput" });
export const apiChange = z.strictObject({ name: text(128).optional(), description: description.nullable().optional() })
  .refine(atLeastOne, NOTHING).meta({ id: "ApiChange", minProperties: 1 });
export const apiView = z.object({
  id: apiId, name: z.string(), description: z.string().optional(), createdAt: instant, updatedAt: instant,
}).meta({ id: "Api" });

/** The query of a deletion that can take more with it. */
export const eraseQuery = (name: "cascade" | "erase", meaning: string) =>
  z.strictObject({ [name]: z.enum(["true", "false"]).optional().meta({ description: meaning }) });

const jsonSchema = z.record(z.string(), z.unknown()).meta({ description: "JSON Schema 2020-12 of the payload", override: { type: "object", propertyNames: undefined } });

export const eventTypeInput = z.strictObject({
  name: eventTypeName.refine((name) => !name.startsWith(RESERVED_TYPE_PREFIX), `must not begin with ${RESERVED_TYPE_PREFIX}`),
  apiId,
  description: description.optional(),
  schema: jsonSchema.optional(),
}).meta({ id: "EventTypeInput" });
export const eventTypeChange = z.strictObject({ description: description.nullable().optional(), schema: jsonSchema.nullable().optional() })
  .refine(atLeastOne, NOTHING).meta({ id: "EventTypeChange", minProperties: 1 });
export const eventTypeView = z.object({
  name: z.string(), apiId, description: z.string().optional(), schema: jsonSchema.optional(), createdAt: instant, updatedAt: instant,
}).meta({ id: "EventType" });

const grants = z.array(z.union([apiId, eventTypeName])).max(500).meta({ description: "Ids of apis and names of event types" });
const samlGroups = z.array(text(512)).max(100).meta({ description: "Values of the SAML groups attribute that make a person a member" });

export const groupInput = z.strictObject({ name: text(128), grants: grants.optional(), samlGroups: samlGroups.optional() }).meta({ id: "GroupInput" });
export const groupChange = z.strictObject({ name: text(128).optional(), grants: grants.optional(), samlGroups: samlGroups.optional() })
  .refine(atLeastOne, NOTHING).meta({ id: "GroupChange", minProperties: 1 });
export const groupView = z.object({
  id: groupId, name: z.string(), grants: z.array(z.string()), samlGroups: z.array(z.string()), createdAt: instant, updatedAt: instant,
}).meta({ id: "Group" });
