/**
 * A reason in the language of who reads it. What the service writes is known here by its English sentence. What a
 * person wrote stays as it is.
 */
import { OUTCOMES, type OutcomeCode } from "../../endpoint/outcomes.js";
import { SERVICE_REASONS } from "../../store/notices/service-reasons.js";
import type { MailTexts } from "./texts/mail-texts.js";
import { COUNTED_REASONS, type ReasonTexts } from "./texts/reason-texts.js";

const WITH_STATUS = /^(HTTP \d{3}: )(.+)$/;
const RAN_OUT = /^Retries ran out\. Last: (.+)$/;
const CODES = Object.keys(OUTCOMES) as OutcomeCode[];
const SERVICE = Object.keys(SERVICE_REASONS) as (keyof typeof SERVICE_REASONS)[];
const COUNTED = Object.keys(COUNTED_REASONS) as (keyof typeof COUNTED_REASONS)[];

export function toldReason(reason: string, { reasons, ranOut }: Pick<MailTexts, "reasons" | "ranOut">): string {
  if (reasons === undefined) return reason;
  const last = RAN_OUT.exec(reason)?.[1];
  if (last !== undefined) return ranOut(ofOutcome(last, reasons) ?? last);
  return ofSentence(reason, reasons) ?? ofOutcome(reason, reasons) ?? reason;
}

function ofSentence(reason: string, { service, counted }: ReasonTexts): string | undefined {
  const fixed = SERVICE.find((name) => SERVICE_REASONS[name] === reason);
  if (fixed) return service[fixed];
  for (const name of COUNTED) {
    const found = COUNTED_REASONS[name].exec(reason);
    if (found) return counted[name](...found.slice(1));
  }
  return undefined;
}

/** With its HTTP status before it, and after it what else is known, such as the answer of an authorization server. */
function ofOutcome(reason: string, { outcomes }: ReasonTexts): string | undefined {
  const [, status = "", words = reason] = WITH_STATUS.exec(reason) ?? [];
  const code = CODES.find((each) => isAbout(words, OUTCOMES[each].explanation));
  if (code === undefined) return undefined;
  return `${status}${outcomes[code]}${words.slice(OUTCOMES[code].explanation.length)}`;
}

const isAbout = (words: string, explanation: string): boolean =>
  words === explanation || words.startsWith(`${explanation} `);
