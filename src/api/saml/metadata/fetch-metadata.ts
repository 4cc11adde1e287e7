/** Fetches an identity provider's metadata, once, from an address that an administrator gave. */
import { contentOf } from "../../../endpoint/answer/content-coding.js";
import type { ApiDependencies } from "../../dependencies.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { decodeMetadata, MAX_AGGREGATE_CHARACTERS, MAX_METADATA_CHARACTERS, TOO_LARGE } from "./metadata-text.js";

const DEADLINE_MS = 10_000;

/**
 * The document as text. The request has the same guard as a delivery (SSRF). It uses https, follows no redirects and
 * may take ten seconds. The document may have 1 MiB, or 8 MiB if it is an aggregate from which one entity is taken.
 */
export async function fetchMetadata(
  { sender, refuseTarget, settings }: Pick<ApiDependencies, "sender" | "refuseTarget" | "settings">,
  { url, oneOfMany }: { url: string; oneOfMany: boolean },
): Promise<{ ok: true; xml: string } | { ok: false; refusal: Refusal }> {
  const reason = await refuseTarget(url);
  if (reason !== undefined) return { ok: false, refusal: refuse("target_refused", reason) };
  const mostBytes = oneOfMany ? MAX_AGGREGATE_CHARACTERS : MAX_METADATA_CHARACTERS;
  const exchange = await sender.send({
    // Identity providers that know TLS 1.2 only are common.
    identity: { subscriptionId: `saml-metadata ${url}`, url, tls: { minVersion: "TLSv1.2" }, version: url },
    method: "GET",
    headers: {
      accept: "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8",
      "user-agent": `Sealpost/${settings.version}`,
    },
    body: new Uint8Array(0),
    timeoutMs: DEADLINE_MS,
    maxBodyBytes: mostBytes,
  });
  if (exchange.kind !== "response") return refused("The metadata could not be fetched.");
  if (exchange.status !== 200) return refused(`The address of the metadata answered with ${exchange.status}.`);
  const content = contentOf(exchange.body, exchange.headers["content-encoding"], mostBytes);
  if (!content.ok && content.fault === "unreadable" && !exchange.truncated)
    return refused("The metadata came compressed in a way that cannot be read here, although it was asked for plain.");
  if (exchange.truncated || !content.ok) return refused(`The metadata is too large, or broke off. ${TOO_LARGE}`);
  const decoded = decodeMetadata(content.bytes);
  return decoded.ok ? { ok: true, xml: decoded.text } : refused(decoded.reason);
}

const refused = (detail: string) => ({ ok: false as const, refusal: refuse("saml_metadata_refused", detail) });
