/** The check of what a browser posts as an identity provider's response, up to its use. */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { Store } from "../../store/store.js";
import { CLOCK_SKEW_MS } from "./response/assertion.js";
import { liveCertificates } from "./certificates.js";
import type { CheckedResponse } from "./response/check-response.js";
import { refused, type SamlRefused } from "./refusals.js";
import { requestedAt } from "./request-id.js";
import { decodeResponse } from "./response/response.js";
import { type ResponseChecks, sharedResponseChecks } from "./response/response-checks.js";

export interface ServiceProviderDependencies {
  store: Pick<Store, "blindIndex" | "samlUses" | "samlConnections" | "audit">;
  /** Without a slash at the end. */
  publicUrl: string;
  log?: Pick<Logger, "info">;
  /** By how many seconds the clocks may differ. A connection may have its own value. */
  clockSkewSeconds?: number;
  /** The threads that check responses. The default is the threads of this process. */
  checks?: ResponseChecks;
}

/** Ten times what a check takes on an idle machine. */
const UNDECRYPTED_MS = 500;

/** Gives the check of a posted response. The check does not use up the request or the assertion. */
export function createPostedResponseCheck({
  store,
  publicUrl,
  clockSkewSeconds = CLOCK_SKEW_MS / 1_000,
  checks = sharedResponseChecks(),
}: Omit<ServiceProviderDependencies, "log">) {
  /** Cheap checks come first. The document itself is read in a thread. */
  async function check(
    connection: SamlConnection,
    field: unknown,
    expectedRequestIds: readonly string[],
  ): Promise<CheckedResponse | SamlRefused> {
    const now = Date.now();
    if (connection.status !== "enabled") return refused("connection_disabled");
    if (liveCertificates(connection.certificates, now).length === 0) return refused("certificate_expired");
    const xml = decodeResponse(field);
    if (typeof xml !== "string") return xml;
    const requests = expectedRequestIds.flatMap((id) => {
      const at = requestedAt(store, connection.id, id);
      return at ? [{ id, at: at.getTime() }] : [];
    });
    // A browser that began no log-in gets no session, whatever it posts. Only the text shows an administrator which of
    // the two cases it was.
    if (requests.length === 0 && !connection.idpInitiated)
      return refused(xml.includes("InResponseTo") ? "request_unknown" : "unsolicited");
    return checks.check({
      publicUrl,
      connection,
      xml,
      requests,
      now,
      skewMs: 1_000 * (connection.clockSkewSeconds ?? clockSkewSeconds),
    });
  }

  /**
   * A response that could not be decrypted is answered after the same time, wherever it failed. Otherwise the time
   * would tell an attacker where (padding oracle).
   */
  return async function checkEvenly(...what: Parameters<typeof check>): ReturnType<typeof check> {
    const due = Date.now() + UNDECRYPTED_MS;
    const checked = await check(...what);
    if (!checked.ok && checked.code === "decryption_failed") await delay(Math.max(0, due - Date.now()));
    return checked;
  };
}
