/**
 * Rotation with an overlap: what was there before counts for a while beside the new one, so that its users can change
 * over.
 */
import { z } from "zod";

/** A day, as most users of a secret or key need to change over. */
export const DAY_OVERLAP_SECONDS = 86_400;

/** The member of a rotation's body that says how long the overlap is, seconds. */
export const overlapSeconds = (mostDays: number, description: string) =>
  z
    .int()
    .min(0)
    .max(mostDays * 86_400)
    .optional()
    .meta({ description });

/** Something that counts until it expires. Without `expiresAt` it counts until it is rotated. */
interface Expiring {
  expiresAt?: Date;
}

/**
 * The new one first. Those before it count until the overlap ends, or until their own end if that is sooner. What has
 * ended is left out, and so are the oldest beyond `most`.
 */
export function rotatedWith<T extends Expiring>(
  added: T,
  before: readonly T[],
  { overlapSeconds: seconds, now, most }: { overlapSeconds: number; now: Date; most: number },
): T[] {
  const end = new Date(now.getTime() + seconds * 1_000);
  const kept = before.map((each) => ({
    ...each,
    expiresAt: each.expiresAt && each.expiresAt < end ? each.expiresAt : end,
  }));
  return [added, ...kept.filter(({ expiresAt }) => expiresAt > now)].slice(0, most);
}
