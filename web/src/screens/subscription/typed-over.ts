/** What is typed over a subscription that others may change meanwhile. Nothing typed is lost by their change. */
import { useState } from "react";
import type { Subscription } from "../../parts/subscription/model.js";

/** A state of the subscription, and its tag for `If-Match`. */
export interface Tagged {
  subscription: Subscription;
  etag: string | undefined;
}

export interface TypedOver<Form> {
  form: Form;
  /** What it is typed over: the subscription as it was when typing began. */
  base: Subscription;
  type: (update: (form: Form) => Form) => void;
  /** For `If-Match`. */
  tag: string | undefined;
  /** What is typed becomes a change of the present state. */
  rebase: (form: Form) => void;
  /** Nothing is typed any more. */
  drop: () => void;
}

/**
 * @param formOf the form of what is saved. Until something is typed, it follows the subscription.
 * @param concerns what of the subscription the form changes. If only other parts have changed, such as the name, then
 *   that is no conflict.
 */
export function useTypedOver<Form>(
  now: Tagged,
  formOf: (subscription: Subscription) => Form,
  concerns: (subscription: Subscription) => unknown,
): TypedOver<Form> {
  const [typed, setTyped] = useState<Tagged & { form: Form }>();
  const { subscription: base, etag } = typed ?? now;
  const isSame = JSON.stringify(concerns(base)) === JSON.stringify(concerns(now.subscription));
  return {
    form: typed?.form ?? formOf(now.subscription),
    base,
    type: (update) =>
      setTyped((before = { ...now, form: formOf(now.subscription) }) => ({ ...before, form: update(before.form) })),
    tag: isSame ? now.etag : etag,
    rebase: (form) => setTyped({ ...now, form }),
    drop: () => setTyped(undefined),
  };
}
