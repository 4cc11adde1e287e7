/** What was done with one object, out of the audit, as the actor may see it. */
import { z } from "zod";
import { type AuditEntry, type Role, ROLES } from "../../store/model.js";
import { instant } from "../http/primitives.js";
import type { RequestContext } from "../route.js";
import { mayAct } from "./access.js";
import type { Actor } from "./actor.js";
import { namesOf } from "./actor-names.js";

/** The newest of each kind. */
const MOST = 50;
/** Of one object, the acts that are begun and those that are told of elsewhere included. */
const MOST_ENTRIES = 150;

type ToldContext = RequestContext<"store" | "auditTally">;

/** Members of an act, beside what was done. */
export const toldActFields = {
  id: z
    .string()
    .optional()
    .meta({
      description: "Of its entry in the audit. For those who may read the audit, because it counts everybody's acts",
    }),
  at: instant,
  role: z
    .enum(ROLES)
    .optional()
    .meta({ description: "In which role it was done. Absent for acts of earlier releases" }),
  by: z
    .string()
    .optional()
    .meta({ description: "Who did it, as in the audit. A consumer sees this of the consumer's side alone" }),
  name: z.string().optional().meta({ description: "The name of `by`, where one is known" }),
  reason: z.string().optional().meta({ description: "Where one was given" }),
};

interface ToldAct<D extends string> {
  id?: string;
  at: string;
  act: D;
  role?: Role;
  by?: string;
  name?: string;
  reason?: string;
  fields?: string[];
}

/** Names of what was changed, without values. */
function fieldsOf({ detail }: AuditEntry): string[] {
  const fields = detail?.["fields"];
  return Array.isArray(fields) ? fields.filter((field) => typeof field === "string") : [];
}

function roleOf({ detail }: AuditEntry): Role | undefined {
  return ROLES.find((role) => role === detail?.["role"]);
}

/**
 * Whether this actor may know who it was. A consumer acts only on what is its own groups', so a consumer who acted on
 * this one is of the same group. Of the other parties a consumer learns the role.
 */
const seesWho = ({ groupIds }: Actor, entry: AuditEntry): boolean =>
  groupIds === undefined || roleOf(entry) === "consumer";

/**
 * The acts on the subject, newest first. `done` says what each action of the audit is called.
 * @throws StoreError when it cannot be recorded that names of people are shown
 */
export async function toldActs<D extends string>(
  context: ToldContext,
  subject: string,
  done: Readonly<Record<string, D>>,
): Promise<ToldAct<D>[]> {
  const { audit } = context.dependencies.store;
  const kinds = await Promise.all(
    Object.keys(done).map(async (action) => (await audit.list({ limit: MOST }, { subject, action })).data),
  );
  const entries = kinds.flat().sort((a, b) => b.at.getTime() - a.at.getTime());
  return told(context, entries, done, () => ({}));
}

/**
 * The same for an object with many kinds of acts: in one read, out of its newest entries whatever they are. `more` adds
 * what is known of an act elsewhere.
 * @throws StoreError when it cannot be recorded that names of people are shown
 */
export async function newestToldActs<D extends string, M extends object>(
  context: ToldContext,
  subject: string,
  done: Readonly<Record<string, D>>,
  more: (entry: AuditEntry) => M,
): Promise<(ToldAct<D> & M)[]> {
  const { data } = await context.dependencies.store.audit.list({ limit: MOST_ENTRIES }, { subject });
  return told(context, data, done, more);
}

async function told<D extends string, M extends object>(
  context: ToldContext,
  found: readonly AuditEntry[],
  done: Readonly<Record<string, D>>,
  more: (entry: AuditEntry) => M,
): Promise<(ToldAct<D> & M)[]> {
  const { actor } = context;
  const entries = found.flatMap((entry) => {
    const act = done[entry.action];
    return act === undefined ? [] : [{ entry, act }];
  });
  const known = entries.filter(({ entry }) => seesWho(actor, entry)).map(({ entry }) => entry.actor);
  const names = await namesOf(context, known);
  return entries.map(({ entry, act }) => {
    const [role, reason, name] = [roleOf(entry), entry.detail?.["reason"], names.get(entry.actor)];
    const fields = fieldsOf(entry);
    return {
      ...(mayAct(actor, "audit:read") && { id: entry.id }),
      at: entry.at.toISOString(),
      act,
      ...(role && { role }),
      ...(seesWho(actor, entry) && { by: entry.actor, ...(name !== undefined && { name }) }),
      // A reason is written for the audit, so it may name others.
      ...(typeof reason === "string" && seesWho(actor, entry) && { reason }),
      ...(fields.length > 0 && { fields }),
      ...more(entry),
    };
  });
}
