/** What the schema of an event type says of a payload. Nothing is published or kept. */
import { z } from "zod";
import { MAX_FAULTS } from "../../catalogue/json-schema.js";
import { newestSchema, type SchemaVersion } from "../../catalogue/payload-check.js";
import type { EventType } from "../../store/model.js";
import { seesEventType } from "../access/access.js";
import { refuse } from "../http/errors.js";
import { eventTypeName, instantInput } from "../http/primitives.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";

const MOST_BYTES = 1024 * 1024;
/** The same payload as JSON text: quotation marks and line ends have a backslash, and base64 is longer by a third. */
const BODY_BYTES = 3 * MOST_BYTES;
const TOO_LARGE = `A payload of at most ${MOST_BYTES} bytes is compared with a schema here.`;
/** Earlier versions that are looked through for the one of a time. */
const MOST_VERSIONS = 200;

const payloadLookInput = z
  .strictObject({
    body: z.string().meta({ description: "The bytes of the payload, as text or in base64" }),
    encoding: z.enum(["utf8", "base64"]).optional().meta({ description: "Of `body`. `utf8` when absent" }),
    contentType: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .meta({ description: "`application/json` when absent. Only JSON in UTF-8 can be as a schema says" }),
    at: instantInput
      .optional()
      .meta({ description: "The version is meant that was the newest at this time. The newest of now when absent" }),
  })
  .meta({ id: "PayloadLook" });

const payloadLookView = z
  .object({
    version: z.int().min(1).meta({ description: "The version of the event type that the payload was compared with" }),
    newest: z.boolean().meta({ description: "Whether it is the newest version" }),
    checked: z.boolean().meta({ description: "False if that version has no schema" }),
    faults: z
      .array(
        z.object({
          path: z.string().meta({ description: "JSON pointer into the payload. Empty for the payload as a whole" }),
          message: z.string(),
        }),
      )
      .meta({ description: `What the schema does not allow: the first ${MAX_FAULTS}. Empty if it allows the payload` }),
    mayBeMore: z.boolean().meta({ description: "True if as many faults are told as are told at once" }),
  })
  .meta({ id: "PayloadLookResult" });

type Context = RequestContext<"store" | "catalogue" | "payloadCheck" | "limits">;

/** The version that was the newest at this time. Undefined if the event type did not exist then. */
async function versionAt(
  { dependencies: { store } }: Context,
  type: EventType,
  at: Date | undefined,
): Promise<SchemaVersion | undefined> {
  const newest = newestSchema(type);
  if (at === undefined || newest.since <= at) return newest;
  const numbers = Array.from({ length: Math.min(newest.version - 1, MOST_VERSIONS) }, (_, i) => newest.version - 1 - i);
  const earlier = await store.eventTypeVersions.getMany(type.name, numbers);
  const found = earlier.find(({ createdAt }) => createdAt <= at);
  return (
    found && {
      name: type.name,
      version: found.version,
      since: found.createdAt,
      ...(found.schema && { schema: found.schema }),
    }
  );
}

export const payloadLookRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/event-types/{name}/check",
    operationId: "checkPayload",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "Compare a payload with the schema",
    description:
      "The check that a publish makes, whatever the event type's `validation` is. Nothing is published or kept. The " +
      `payload may have ${MOST_BYTES} bytes. One person or key may call it 120 times a minute.`,
    params: z.strictObject({ name: eventTypeName }),
    body: payloadLookInput,
    largeBody: { bytes: BODY_BYTES, tooLarge: TOO_LARGE },
    response: { status: 200, description: "What the schema says", schema: payloadLookView },
    problems: ["payload_too_large", "rate_limited"],
    async handle(context: Context, { params: { name }, body: { body, encoding, contentType, at } }) {
      const { catalogue, limits, payloadCheck } = context.dependencies;
      const type = seesEventType(context.actor, catalogue, name) ? catalogue.eventType(name) : undefined;
      if (!type) return refuse("not_found");
      const bytes = Buffer.from(body, encoding ?? "utf8");
      if (bytes.byteLength > MOST_BYTES) return refuse("payload_too_large", TOO_LARGE);
      const limited = await limits.refuse(context.actor, "payloads", { group: undefined });
      if (limited) return limited;
      const version = await versionAt(context, type, at === undefined ? undefined : new Date(at));
      const newest = newestSchema(type).version;
      const faults = version && payloadCheck.look(version, { contentType: contentType ?? "application/json", bytes });
      return ok({
        version: version?.version ?? newest,
        newest: (version?.version ?? newest) === newest,
        checked: faults !== undefined,
        mayBeMore: faults !== undefined && faults.length >= MAX_FAULTS,
        faults: (faults ?? []).map(({ path, message }) => ({ path, message })),
      });
    },
  }),
];
