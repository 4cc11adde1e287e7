/**
 * The page's policy forbids that a text becomes markup (Trusted Types). React Aria empties its live region by
 * `innerHTML = ""` when a part of a date is typed over another one, and the page failed there.
 * @see https://w3c.github.io/trusted-types/dist/spec/#default-policy-hdr
 */

interface PolicyFactory {
  createPolicy(name: "default", rules: { createHTML: (text: string) => string | null }): unknown;
}

/** The empty text may become markup. Any other is refused, as without this rule. */
export const emptyMarkupOnly = (text: string): string | null => (text === "" ? text : null);

/** Once, before anything is drawn. A browser without Trusted Types needs none. */
export function allowEmptyMarkup(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  trustedTypes?.createPolicy("default", { createHTML: emptyMarkupOnly });
}
