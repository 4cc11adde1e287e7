/** What a notice tells beside endpoint, group and reason: numbers, times, and which certificate or grant it means. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { NoticeMemberName } from "../../catalogue/notices/members.js";
import type { Notice, NoticeKind } from "../../store/notices/notice.js";
import type { FactName, MailTexts } from "./texts/mail-texts.js";

interface Telling {
  catalogue: Pick<Catalogue, "api">;
  texts: Pick<MailTexts, "certificates">;
}

type Value = string | number | boolean | undefined;
/** The fact, the member that it is of, and how that is written. Nothing is told of a member that is not there. */
type Fact = readonly [FactName, NoticeMemberName, (value: Value, telling: Telling) => string | undefined];

/** An instant to the minute, in UTC: nobody knows the zone of an address. */
function time(value: Value): string | undefined {
  if (typeof value !== "string" || Number.isNaN(Date.parse(value))) return undefined;
  const at = new Date(value).toISOString();
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}
const count = (value: Value): string | undefined => (typeof value === "number" ? String(value) : undefined);
const certificate = (value: Value, { texts: { certificates } }: Telling): string | undefined =>
  value === "client" || value === "ca" || value === "saml" ? certificates[value] : undefined;
/** An api by its name. An event type is asked for by its own. */
const grant = (value: Value, { catalogue }: Telling): string | undefined =>
  typeof value === "string" ? (catalogue.api(value)?.name ?? value) : undefined;

const GRANT: readonly Fact[] = [["grant", "grant", grant]];
const FACTS: Partial<Record<NoticeKind, readonly Fact[]>> = {
  "certificate.expiring": [
    ["certificate", "certificate", certificate],
    ["ends", "endsAt", time],
  ],
  "subscription.failing": [["disables", "disablesAt", time]],
  "secret.rotated": [["signsUntil", "endsAt", time]],
  "recovery.waiting": [
    ["deliveries", "deliveries", count],
    ["releaseUntil", "until", time],
  ],
  "recovery.finished": [
    ["sent", "sent", count],
    ["delivered", "delivered", count],
    ["failedAgain", "failedAgain", count],
  ],
  "grant.requested": GRANT,
  "grant.approved": GRANT,
  "grant.refused": GRANT,
};

/** In the order in which they are read. */
export const noticeFacts = (
  { kind, detail = {} }: Pick<Notice, "kind" | "detail">,
  telling: Telling,
): { name: FactName; value: string | undefined }[] =>
  (FACTS[kind] ?? []).map(([name, member, written]) => ({ name, value: written(detail[member], telling) }));
