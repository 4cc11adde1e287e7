/**
 * Reads XML from outside. The text is checked before a parser sees it. Parsers differ in what XML allows beyond
 * elements, attributes and text, and attacks use that (XXE, entity expansion, comments that cut a name in two).
 */
import { DOMParser } from "@xmldom/xmldom";

export type XmlFault = "markup" | "too_complex" | "malformed";
export type ParsedXml = { ok: true; root: Element } | { ok: false; fault: XmlFault };

export interface XmlLimits {
  maxDepth?: number;
  maxElements?: number;
  /** Of one element, and prefixes of the whole document. */
  maxAttributes?: number;
  maxPrefixes?: number;
  /** Lower limits for everything outside the one element of this name, which may be long. */
  outside?: { name: string; maxDepth: number; maxElements: number };
}

/** Of one element, namespace declarations among them. An assertion's richest has eight. */
const MAX_ATTRIBUTES = 24;
/**
 * Prefixes that a document declares. Each element's copy of those in scope makes canonicalization quadratic: 2,500 took
 * 0.8 s of CPU in 120 KB.
 */
const MAX_PREFIXES = 32;

const DECLARATION =
  /^<\?xml\s+version=(["'])1\.0\1(?:\s+encoding=(["'])utf-8\2)?(?:\s+standalone=(["'])(?:yes|no)\3)?\s*\?>/i;
/** XML 1.0, production 2: characters that must not be in a document, not even as a reference. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/u;
/** The end of a tag. A `>` within quotes does not end it. */
const TAG = /^(?:[^"'<>]|"[^"<]*"|'[^'<]*')*>/;
/** What may follow the name in a start tag, as part of a pattern. */
export const TAG_INSIDE = `[^"'<>]*(?:"[^"<]*"[^"'<>]*|'[^'<]*'[^"'<>]*)*`;
const ATTRIBUTE = /([^\s"'=]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** Parses the document and gives its root. Never throws, never reads anything but the text. Namespaces are resolved. */
export function parseXml(text: string, limits: XmlLimits = {}): ParsedXml {
  const bare = text.replace(DECLARATION, "");
  // `<!` begins a DOCTYPE, an ENTITY, a comment or CDATA and is allowed nowhere else. `<?` begins a processing
  // instruction.
  if (/<[!?]/.test(bare)) return { ok: false, fault: "markup" };
  if (FORBIDDEN.test(bare)) return { ok: false, fault: "malformed" };
  for (const [, reference] of bare.matchAll(/&([^;&<]{0,12};?)/g))
    if (!isPlainReference(reference ?? "")) return { ok: false, fault: "markup" };
  const shape = shapeFault(bare, limits);
  if (shape) return { ok: false, fault: shape };
  return parse(bare);
}

/** One of the five predefined entities, or a character that may be in a document. */
function isPlainReference(reference: string): boolean {
  if (/^(?:lt|gt|amp|quot|apos);$/.test(reference)) return true;
  const digits = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));$/.exec(reference);
  if (!digits) return false;
  const point = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  return point <= 0x10ffff && !FORBIDDEN.test(String.fromCodePoint(point));
}

/**
 * Depth and number of elements and attributes, and whether every `<` begins a tag that ends. Parsers recurse: 256 KiB
 * of `<a>` are 80,000 levels.
 */
function shapeFault(text: string, limits: XmlLimits): XmlFault | undefined {
  const { maxDepth = 32, maxElements = 4_000, outside } = limits;
  const prefixes = new Set<string>();
  let depth = 0;
  let elements = 0;
  let elementsOutside = 0;
  /** Depth of the element that may be long, while we are in it. */
  let inside: number | undefined;
  const [before = "", ...pieces] = text.split("<");
  if (before.trim() !== "") return "malformed";
  for (const piece of pieces) {
    const tag = TAG.exec(piece)?.[0];
    if (tag === undefined) return "malformed";
    if (tag.startsWith("/")) depth--;
    else {
      elements++;
      inside ??= outside && localNameOf(tag) === outside.name ? depth : undefined;
      if (inside === undefined) elementsOutside++;
      if (!tag.endsWith("/>")) depth++;
      if (hasTooManyAttributes(tag, prefixes, limits)) return "too_complex";
    }
    if (inside !== undefined && depth <= inside) inside = undefined;
    if (depth > maxDepth || elements > maxElements) return "too_complex";
    if (outside && inside === undefined && (depth > outside.maxDepth || elementsOutside > outside.maxElements))
      return "too_complex";
    // Nothing may be around the root. The parser would silently drop it.
    if (depth < 0 || (depth === 0 && piece.slice(tag.length).trim() !== "")) return "malformed";
  }
  return depth === 0 ? undefined : "malformed";
}

const localNameOf = (tag: string): string => /^(?:[^\s/>:]+:)?([^\s/>:]+)/.exec(tag)?.[1] ?? "";

/** Every value in quotes is an attribute's. Notes the prefixes that are declared. */
function hasTooManyAttributes(
  tag: string,
  prefixes: Set<string>,
  { maxAttributes = MAX_ATTRIBUTES, maxPrefixes = MAX_PREFIXES }: XmlLimits,
): boolean {
  if (!tag.includes("=")) return false;
  let count = 0;
  for (const [, name = ""] of tag.matchAll(ATTRIBUTE)) {
    if (++count > maxAttributes) return true;
    if (name.startsWith("xmlns")) prefixes.add(name);
  }
  return prefixes.size > maxPrefixes;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * The attributes of a start tag, from its text after the name. References are resolved. If a name occurs twice, then
 * the first one counts.
 */
export function attributesOfTag(inside: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", double, single] of inside.matchAll(ATTRIBUTE)) {
    const value = (double ?? single ?? "").replaceAll(
      /&(#?)(x?)([0-9A-Za-z]{1,7});/g,
      (all, number: string, hex: string, text: string) => {
        if (number === "") return ENTITIES[`${hex}${text}`] ?? all;
        return isPlainReference(all.slice(1)) ? String.fromCodePoint(Number.parseInt(text, hex === "" ? 10 : 16)) : all;
      },
    );
    if (!found.has(name)) found.set(name, value);
  }
  return found;
}

function parse(text: string): ParsedXml {
  const fail = (): never => {
    throw new SyntaxError("not well-formed");
  };
  try {
    // Everything the parser would only warn of is an error here.
    const document = new DOMParser({
      locator: {},
      errorHandler: { warning: fail, error: fail, fatalError: fail },
    }).parseFromString(text, "text/xml") as Document | undefined;
    const root = document?.documentElement;
    return root ? { ok: true, root } : { ok: false, fault: "malformed" };
  } catch {
    return { ok: false, fault: "malformed" };
  }
}

const ELEMENT = 1;
const TEXT = 3;
const isElement = (node: Node): node is Element => node.nodeType === ELEMENT;

/** The element's children that are elements, of the namespace and name when they are given. */
export function childrenOf(parent: Element, namespace?: string, name?: string): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node; node = node.nextSibling) {
    if (
      isElement(node) &&
      (namespace === undefined || node.namespaceURI === namespace) &&
      (name === undefined || node.localName === name)
    )
      found.push(node);
  }
  return found;
}

/** The one child with that name. Undefined when there is none or when there are several. */
export function onlyChild(parent: Element, namespace: string, name: string): Element | undefined {
  const [child, ...more] = childrenOf(parent, namespace, name);
  return more.length === 0 ? child : undefined;
}

/** The element and all elements below it, in document order. */
export function elementsOf(root: Element): Element[] {
  return [root, ...childrenOf(root).flatMap(elementsOf)];
}

/** The value of an attribute without a namespace. Undefined when it is absent. */
export const attributeOf = (element: Element, name: string): string | undefined =>
  element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined;

/** The text of an element that holds only text. Undefined when there is an element in it. */
export function textOf(element: Element): string | undefined {
  let text = "";
  for (let node = element.firstChild; node; node = node.nextSibling) {
    if (node.nodeType !== TEXT) return undefined;
    text += node.nodeValue ?? "";
  }
  return text;
}
