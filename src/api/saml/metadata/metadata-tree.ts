/** The identity providers that a metadata document describes, and whether it says that they still count. */
import { parseInstant } from "../response/instant.js";
import { MAX_GROUPS, NOT_WELL_FORMED } from "./metadata-text.js";
import { METADATA, PROTOCOL } from "../namespaces.js";
import { attributeOf, childrenOf, parseXml, type XmlFault } from "../xml.js";

/** An entity with its roles as identity provider for SAML 2.0. */
export interface DescribedProvider {
  entity: Element;
  /** Those that still count. */
  roles: Element[];
  /** Why the whole entity does not count. It is reported, so that the entity does not seem to be missing. */
  fault?: string;
}

/**
 * Metadata is not canonicalized, so it may declare more prefixes than a response. An aggregate of eduGAIN has some 30
 * on its root alone.
 */
const LIMITS = { maxElements: 20_000, maxAttributes: 256, maxPrefixes: 1_000 };
const FAULTS: Record<XmlFault, string> = {
  markup: "The metadata refers to an entity that XML does not define, such as &nbsp;. Write the character itself.",
  too_complex:
    "The metadata has more than 20,000 elements, 32 levels, 256 attributes of one element or 1,000 " +
    "prefixes. Give the provider's own document.",
  malformed: NOT_WELL_FORMED,
};

/** The root of a document that plainMetadata made ready. */
export function parseMetadata(plain: string): { ok: true; root: Element } | { ok: false; reason: string } {
  const parsed = parseXml(plain, LIMITS);
  return parsed.ok ? parsed : { ok: false, reason: FAULTS[parsed.fault] };
}

interface Found {
  entity: Element;
  /** The groups around it. */
  groups: Element[];
}

type ReadProviders = { ok: true; providers: DescribedProvider[] } | { ok: false; reason: string };

/** Every entity with such a role. */
export function describedProviders(root: Element, now: Date): ReadProviders {
  if (root.namespaceURI !== METADATA) return { ok: false, reason: "The document is no SAML 2.0 metadata." };
  const found: Found[] = [];
  if (!collect(root, [], found))
    return { ok: false, reason: `The metadata nests more than ${MAX_GROUPS} groups of entities.` };
  return { ok: true, providers: found.flatMap((each) => providerOf(each, now)) };
}

/** False when groups are nested too deeply. */
function collect(element: Element, groups: Element[], found: Found[]): boolean {
  if (element.localName === "EntityDescriptor") found.push({ entity: element, groups });
  if (element.localName !== "EntitiesDescriptor") return true;
  if (groups.length >= MAX_GROUPS) return false;
  return childrenOf(element, METADATA).every((child) => collect(child, [...groups, element], found));
}

function providerOf({ entity, groups }: Found, now: Date): DescribedProvider[] {
  const all = childrenOf(entity, METADATA, "IDPSSODescriptor").filter((role) =>
    (attributeOf(role, "protocolSupportEnumeration") ?? "").split(/\s+/).includes(PROTOCOL),
  );
  if (all.length === 0) return [];
  const around = [...groups, entity].flatMap((element) => validityFault(element, now) ?? []);
  const faults = all.map((role) => validityFault(role, now));
  const roles = all.filter((_role, index) => faults[index] === undefined);
  const fault = around[0] ?? (faults.includes(NO_TIME) ? NO_TIME : roles.length === 0 ? faults[0] : undefined);
  return [{ entity, roles, ...(fault !== undefined && { fault }) }];
}

const NO_TIME =
  "The metadata says until when it counts (validUntil) by something that is no time, such as 2030-01-31T00:00:00Z is.";

/** `validUntil` of this element. `cacheDuration` says when to fetch a document again, and this one is read once. */
function validityFault(element: Element, now: Date): string | undefined {
  const text = attributeOf(element, "validUntil");
  if (text === undefined) return undefined;
  const until = parseInstant(text.trim(), "utc");
  if (Number.isNaN(until)) return NO_TIME;
  return until <= now.getTime() ? "The metadata is out of date (validUntil)." : undefined;
}
