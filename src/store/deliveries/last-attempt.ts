/**
 * The newest attempt of a delivery, as lists filter by it. It is one field beside the attempts and is written in the
 * same write as the attempt. Deliveries of earlier releases have no such field and are judged by their attempts.
 */
import type { Filter } from "mongodb";
import type { DeliveryDocument } from "./delivery-document.js";
import type { Delivery } from "../model.js";
import { allOf, oneOf } from "../mongo/paging.js";
import type { DeliveryFilter, StatusRange } from "../store.js";

/** The part of a filter that is about the newest attempt. */
type LastFilter = Pick<DeliveryFilter, "httpStatus" | "outcome" | "durationMin">;

type Found = Filter<DeliveryDocument>;

export const asksForLast = ({ httpStatus, outcome, durationMin }: LastFilter): boolean =>
  httpStatus !== undefined || outcome !== undefined || durationMin !== undefined;

/**
 * The conditions on the newest attempt. Deliveries without the field match too, if they have attempts. Check each one
 * by `matchesLast`.
 */
export function lastConditions(filter: LastFilter): Found[] {
  if (!asksForLast(filter)) return [];
  const { httpStatus, outcome, durationMin } = filter;
  const asked: Found[] = [
    ...(httpStatus ? [inRanges(httpStatus)] : []),
    ...(outcome ? [oneOf<DeliveryDocument>("last.outcome", outcome)] : []),
    ...(durationMin === undefined ? [] : [{ "last.ms": { $gte: durationMin } }]),
  ];
  const ofEarlierReleases = { last: { $exists: false }, attemptCount: { $gt: 0 } };
  return [{ $or: [allOf(asked), ofEarlierReleases] }];
}

function inRanges(ranges: readonly StatusRange[]): Found {
  const each = ranges.map(({ from, to }) => ({ "last.status": from === to ? from : { $gte: from, $lte: to } }));
  return (each.length === 1 ? each[0] : { $or: each }) as Found;
}

/** Whether the newest attempt of the delivery is as the filter says. */
export function matchesLast({ attempts }: Pick<Delivery, "attempts">, filter: LastFilter): boolean {
  if (!asksForLast(filter)) return true;
  const last = attempts.at(-1);
  if (!last) return false;
  const { httpStatus, outcome, durationMin } = filter;
  const { status } = last;
  return (
    (httpStatus === undefined ||
      (status !== undefined && httpStatus.some(({ from, to }) => from <= status && status <= to))) &&
    (outcome === undefined || outcome.includes(last.outcome)) &&
    (durationMin === undefined || last.durationMs >= durationMin)
  );
}
