/** When the first of a subscription's certificates ends. */
import type { Subscription } from "../../store/model.js";
import { certificatesOf } from "./certificates.js";

/**
 * It is read once for each subscription as it is in memory, because that means parsing each certificate. A change of it
 * makes another object.
 */
const ends = new WeakMap<Subscription, Date | "none">();

/** Undefined without a certificate that can be read. */
export function firstCertificateEnd(subscription: Subscription): Date | undefined {
  const end = ends.get(subscription) ?? endOf(subscription);
  ends.set(subscription, end);
  return end === "none" ? undefined : end;
}

function endOf(subscription: Subscription): Date | "none" {
  const first = certificatesOf(subscription, new Date()).endsFirst;
  return first ? new Date(first.notAfter) : "none";
}
