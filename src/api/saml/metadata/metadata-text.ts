/**
 * Prepares the text of an identity provider's metadata for the parser. People copy it from a browser, federations sign
 * it and add comments, and products write declarations and style sheets. Parts without meaning are removed. Parts that
 * a parser would have to resolve are refused.
 */
import { attributesOfTag, TAG_INSIDE } from "../xml.js";

/** Of a document that is read whole. */
export const MAX_METADATA_CHARACTERS = 1024 * 1024;
/** Of a federation's aggregate, from which one entity is cut out before anything is parsed. */
export const MAX_AGGREGATE_CHARACTERS = 8 * 1024 * 1024;
/** EntitiesDescriptor within EntitiesDescriptor. eduGAIN and its members use two. */
export const MAX_GROUPS = 8;
/** An entity id should occur once. So many are still looked at, to say which of them is no identity provider. */
const MAX_SAME_ENTITY = 4;

export type MetadataText = { ok: true; text: string } | { ok: false; reason: string };
const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

/** What a limit means for a person who registers a provider of a federation. */
export const TOO_LARGE =
  "Metadata is taken up to 1 MiB, an aggregate of a federation up to 8 MiB when `entityId` says which " +
  "provider is meant. Give the provider's own document instead, for instance from the federation's " +
  "Metadata Query service (MDQ).";

const ENCODING = /^\s*<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']/;

/** Decodes the bytes: by the byte order mark, else by the XML declaration, else as UTF-8 (XML 1.0, appendix F). */
export function decodeMetadata(bytes: Uint8Array): MetadataText {
  const label =
    markedEncoding(bytes) ?? ENCODING.exec(Buffer.from(bytes.subarray(0, 200)).toString("latin1"))?.[1] ?? "utf-8";
  // If a document declares UTF-16 but is readable byte by byte, then it is not UTF-16. It was saved anew and kept its
  // declaration.
  const name = markedEncoding(bytes) === undefined && /^(?:utf-16|ucs-2)/i.test(label) ? "utf-8" : label;
  try {
    return { ok: true, text: new TextDecoder(name, { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof RangeError)
      return refuse(`The metadata declares the encoding ${label}, which is not known here. Save it in UTF-8.`);
    return refuse(
      `The metadata is not ${name.toUpperCase()}, which it declares or which is the default. ` + "Save it in UTF-8.",
    );
  }
}

function markedEncoding([first, second, third, fourth]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  // Without a byte order mark, `<` and the byte beside it show the encoding.
  if (first === 0x3c && second === 0 && fourth === 0) return "utf-16le";
  return first === 0 && second === 0x3c && third === 0 ? "utf-16be" : undefined;
}

/**
 * Elements, attributes and text alone. Comments, declarations and processing instructions are dropped, and CDATA
 * becomes the text that it is.
 */
export function plainMetadata(xml: string): MetadataText {
  if (HTML.test(xml)) return refuse(IS_HTML);
  const parts: string[] = [];
  let from = 0;
  // By position, because a lazy pattern for a comment is quadratic: 64 KiB of `<!--` took it 1.5 s.
  const markup = /<[!?]/g;
  for (let found = markup.exec(xml); found; found = markup.exec(xml)) {
    const kind = KINDS.find(({ begin }) => xml.startsWith(begin, found?.index));
    if (!kind)
      return refuse(
        "The metadata holds a document type, which is refused, because it can make a parser fetch " +
          "or expand something else.",
      );
    const start = found.index + kind.begin.length;
    const end = xml.indexOf(kind.end, start);
    if (end < 0) return refuse(NOT_WELL_FORMED);
    parts.push(xml.slice(from, found.index), kind.keep?.(xml.slice(start, end)) ?? "");
    from = markup.lastIndex = end + kind.end.length;
  }
  return { ok: true, text: withoutViewer([...parts, xml.slice(from)].join("")) };
}

/** A page of a browser: the log-in before the metadata, most often. */
const HTML = /^[\s\ufeff]*(?:<!--[^]{0,2000}?-->\s*)?<(?:!doctype\s+html|html)[\s>]/i;
const IS_HTML =
  "This is an HTML page and no metadata. Its address may ask for a log-in. Save the XML document to a file, and " +
  "give its text.";
const NOTICE =
  "This XML file does not appear to have any style information associated with it. The document tree is shown below.";

/**
 * Without what people copy along from a browser that shows XML: its sentence about the missing style, and the sign that
 * folds the root. A byte order mark and blanks without width are dropped too.
 */
function withoutViewer(text: string): string {
  const bare = text.replace(/^[\s\ufeff\u200b]+/, "").trimEnd();
  const tree = bare.startsWith(NOTICE) ? bare.slice(NOTICE.length).trimStart() : bare;
  const root = /^[-\u2212\u25bc]/.test(tree) ? tree.slice(1).trimStart() : tree;
  return root.startsWith("<") ? root : tree;
}

export const NOT_WELL_FORMED =
  "The metadata is not well-formed XML. It may have been cut off, or an element is not closed.";

const KINDS: readonly { begin: string; end: string; keep?: (text: string) => string }[] = [
  { begin: "<!--", end: "-->" },
  { begin: "<?", end: "?>" },
  {
    begin: "<![CDATA[",
    end: "]]>",
    keep: (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  },
];

export type CutMetadata = { ok: true; documents: string[] } | { ok: false; reason: string };

/** Whether the document is a group of entities. */
export const isAggregate = (plain: string): boolean => /^<(?:[^\s/>:]+:)?EntitiesDescriptor[\s>]/.test(plain);

/**
 * Cuts the entity with this id out of an aggregate. The small document that it gives keeps the start tags of the groups
 * around the entity, because they hold namespaces and `validUntil`. The rest is not parsed. 8 MiB took the parser 0.7
 * to 0.9 s of CPU, and this takes 30 to 55 ms.
 */
export function cutEntity(plain: string, entityId: string): CutMetadata {
  const groups: string[] = [];
  const documents: string[] = [];
  let entity: { start: number; isMeant: boolean } | undefined;
  let end = 0;
  for (const { index, 0: tag, 1: slash, 2: name, 3: inside = "" } of plain.matchAll(ENTITY_TAG)) {
    const closes = slash === "/";
    const isEmpty = inside.endsWith("/");
    if (name === "EntityDescriptor") {
      if (closes !== (entity !== undefined)) return refuse(NOT_WELL_FORMED);
      const begun = entity ?? { start: index, isMeant: attributesOfTag(inside).get("entityID") === entityId };
      entity = closes || isEmpty ? undefined : begun;
      if (closes && begun.isMeant) documents.push(within(groups, plain.slice(begun.start, index + tag.length)));
    } else if (entity) return refuse(NOT_WELL_FORMED);
    else if (closes) groups.pop();
    else if (!isEmpty) groups.push(tag);
    end = index + tag.length;
    if (groups.length > MAX_GROUPS) return refuse(`The metadata nests more than ${MAX_GROUPS} groups of entities.`);
    if (documents.length > MAX_SAME_ENTITY) return refuse("The metadata describes the entity several times.");
    if (groups.length === 0 && end < plain.length) return refuse(NOT_WELL_FORMED);
  }
  return groups.length > 0 || entity ? refuse(NOT_WELL_FORMED) : { ok: true, documents };
}

const ENTITY_TAG = new RegExp(
  `<(/?)(?:[^\\s/>:]+:)?(EntitiesDescriptor|EntityDescriptor)(?=[\\s/>])(${TAG_INSIDE})>`,
  "g",
);
const within = (groups: readonly string[], inner: string): string =>
  `${groups.join("")}${inner}${groups
    .toReversed()
    .map((tag) => `</${/^<([^\s/>]+)/.exec(tag)?.[1] ?? ""}>`)
    .join("")}`;
