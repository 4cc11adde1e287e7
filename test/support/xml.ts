/** XML of the tests' own making. What stands in it must be escaped by whoever gives it. */

export const attributesOf = (attributes: Record<string, string | null>): string =>
  Object.entries(attributes)
    .map(([name, value]) => (value === null ? "" : ` ${name}="${value}"`))
    .join("");

/** An element that has an end tag even if it is empty. `null` leaves an attribute out. */
export const filled = (name: string, attributes: Record<string, string | null>, ...content: string[]): string =>
  `<${name}${attributesOf(attributes)}>${content.join("")}</${name}>`;

/** An element. Without content it has no end tag. */
export const element = (name: string, attributes: Record<string, string | null>, ...content: string[]): string =>
  content.join("") === "" ? `<${name}${attributesOf(attributes)}/>` : filled(name, attributes, ...content);

/** A certificate as metadata holds it, for signing unless it says otherwise. */
export function keyDescriptor(certificate: string, use: string | null = "signing"): string {
  const data = element("ds:X509Data", {}, element("ds:X509Certificate", {}, certificate));
  return element("md:KeyDescriptor", { use }, element("ds:KeyInfo", {}, data));
}
