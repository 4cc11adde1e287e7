/** Fetches an identity provider's metadata, once, from an address that an administrator gave. */
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../errors.js";
import { MAX_METADATA_CHARACTERS } from "./idp-metadata.js";

const DEADLINE_MS = 10_000;

/** The document as text. The same guard as for a delivery (SSRF), https, no redirects, 1 MiB, ten seconds. */
export async function fetchMetadata({ sender, refuseTarget, settings }: Pick<ApiDependencies, "sender" | "refuseTarget" | "settings">, url: string): Promise<{ ok: true; xml: string } | { ok: false; refusal: Refusal }> {
  const reason = await refuseTarget(url);
  if (reason !== undefined) return { ok: false, refusal: refuse("target_refused", reason) };
  const exchange = await sender.send({
    // Identity providers that know TLS 1.2 only are common.
    identity: { subscriptionId: `saml-metadata ${url}`, url, tls: { minVersion: "TLSv1.2" }, version: url },
    method: "GET", headers: { accept: "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8", "user-agent": `Sealpost/${settings.version}` },
    body: new Uint8Array(0), timeoutMs: DEADLINE_MS, maxBodyBytes: MAX_METADATA_CHARACTERS,
  });
  if (exchange.kind !== "response") return refused("The metadata could not be fetched.");
  if (exchange.status !== 200) return refused(`The address of the metadata answered with ${exchange.status}.`);
  if (exchange.truncated) return refused("The metadata is larger than 1 MiB, or broke off.");
  try {
    return { ok: true, xml: new TextDecoder("utf-8", { fatal: true }).decode(exchange.body) };
  } catch {
    return refused("The metadata is not UTF-8.");
  }
}

const refused = (detail: string) => ({ ok: false as const, refusal: refuse("saml_metadata_refused", detail) });
