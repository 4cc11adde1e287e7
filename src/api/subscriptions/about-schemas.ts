/** What people and programs of a group say about a subscription. None of it changes what is sent, or where. */
import { z } from "zod";
import { MAIL_LANGUAGES } from "../../store/notices/mail-language.js";
import { MAX_SUBSCRIPTION_NAME } from "../../store/subscription-name.js";
import { EXTERNAL_ID, externalIdText, text, ULID } from "../http/primitives.js";

const MAX_CONTACTS = 5;
const MAX_LABELS = 20;
/** RFC 5321, 4.5.3.1.3: a path has at most 256 octets, two of which are the angle brackets. */
const MAX_MAIL_ADDRESS = 254;

const distinctMail = (addresses: readonly string[]): boolean =>
  new Set(addresses.map((address) => address.toLowerCase())).size === addresses.length;

const name = text(MAX_SUBSCRIPTION_NAME).meta({ description: "What people call it. The host of the URL when absent" });
const description = text(2_000).meta({ description: "What it is for, for people. It is sealed at rest" });
const contacts = z
  .array(z.email("must be a mail address").max(MAX_MAIL_ADDRESS))
  .min(1)
  .max(MAX_CONTACTS)
  .refine(distinctMail, "must not name an address twice")
  .meta({
    description:
      `Mail addresses of at most ${MAX_CONTACTS} people who look after the endpoint. ` +
      "They are sealed at rest, and auditors do not see them",
    example: ["webhooks@example.com"],
  });
const labels = z
  .record(
    z
      .string()
      .regex(
        /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/,
        "must be 1 to 63 of A-Z a-z 0-9 . _ / - and begin and end with a letter or digit",
      ),
    text(255),
  )
  .refine((given) => Object.keys(given).length <= MAX_LABELS, `must be at most ${MAX_LABELS}`)
  .meta({
    description:
      `The group's own marks, at most ${MAX_LABELS}: a name of 1 to 63 characters, and a text of 1 to 255. ` +
      "They are sealed at rest",
    example: { team: "billing", stage: "production" },
  });
const externalId = externalIdText.meta({
  description:
    "The group's own id for it, unique within the group. Paths take `ext:` and this id in place of the " +
    "subscription's id. It is not sealed, so it must hold no secret",
  example: "billing-prod",
});

const language = z
  .enum(MAIL_LANGUAGES)
  .meta({ description: "Language of mail to the contacts. If absent, then that of the group, or English" });

/** What of this a new subscription may have. */
export const aboutInput = {
  name: name.optional(),
  description: description.optional(),
  contacts: contacts.optional(),
  labels: labels.optional(),
  externalId: externalId.optional(),
  language: language.optional(),
};
/** The same in a change. Null removes it. */
export const aboutChange = {
  name: name.nullable().optional(),
  description: description.nullable().optional(),
  contacts: contacts.nullable().optional(),
  labels: labels.nullable().optional(),
  externalId: externalId.nullable().optional(),
  language: language.nullable().optional(),
};
/** What is shown of it. */
export const aboutView = {
  name: z.string().meta({ description: "What people call it. The host of the URL if nobody gave it a name" }),
  description: z.string().optional(),
  contacts: z.array(z.string()).optional().meta({ description: "Mail addresses. Auditors do not see them" }),
  labels: z.record(z.string(), z.string()).optional(),
  externalId: z.string().optional(),
  language: language.optional(),
};

const REFERENCE = `sub_${ULID}|ext:(?:grp_${ULID}:)?${EXTERNAL_ID}`;

/** A subscription in a path: by its id, or by the id that its group gave it. The router makes the id of it. */
export const subscriptionRef = z
  .string()
  .regex(new RegExp(`^(?:${REFERENCE})$`), "must be the id of a subscription, or `ext:` and its external id")
  .meta({
    example: "sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
    description:
      "The subscription's id, or `ext:` and its `externalId`. If several groups use that one, then name the group " +
      "too: `ext:<groupId>:<externalId>`",
  });

/** The parts of `ext:<externalId>` and `ext:<groupId>:<externalId>`. Undefined for an id. */
export function externalRefOf(reference: string): { groupId?: string; externalId: string } | undefined {
  const [, group, given] = new RegExp(`^ext:(?:(grp_${ULID}):)?(${EXTERNAL_ID})$`).exec(reference) ?? [];
  if (given === undefined) return undefined;
  return { ...(group !== undefined && { groupId: group }), externalId: given };
}
