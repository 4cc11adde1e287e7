/**
 * The SAML 2.0 service provider. It sends people to their company's identity provider, and it decides which responses
 * are accepted.
 */
import { createHash } from "node:crypto";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { Store } from "../../store/store.js";
import { MAX_ASSERTION_AGE_MS } from "./response/assertion.js";
import type { Sending } from "./bindings.js";
import type { CheckedResponse } from "./response/check-response.js";
import type { SamlIdentity } from "./response/identity.js";
import { refused, type SamlRefused } from "./refusals.js";
import { REQUEST_LIFE_MS } from "./request-id.js";
import { createSingleLogout, type SingleLogout } from "./single-logout.js";
import { createAuthnRequests } from "./authn-request.js";
import { createPostedResponseCheck, type ServiceProviderDependencies } from "./posted-response.js";

export type { SamlIdentity } from "./response/identity.js";
export type { SamlRefusal } from "./refusals.js";

export interface ServiceProvider extends SingleLogout {
  /**
   * How the browser gets to the identity provider: by a redirect, or by a form with `fields`. The message is signed
   * where the connection says so. The response must answer `requestId` within ten minutes. Bind that id to the browser
   * by a pre-login cookie. `relayState` is an opaque key of at most 80 bytes (SAML bindings, 3.4.3).
   * @throws StoreError `unavailable` when the connection's first key pair is needed and cannot be stored
   */
  begin(connection: SamlConnection, relayState: string): Promise<Sending & { requestId: string }>;
  /**
   * Checks a response posted to the connection's ACS. It uses up the request and the assertion. If one response is
   * posted several times, then only one post is accepted, even at the same time and in different processes.
   * `expectedRequestIds` come from the browser's pre-login cookies. There are several, because two tabs may log in at
   * once.
   * @throws StoreError `unavailable`. Everything else that is wrong with a post is answered with a code
   */
  accept(
    connection: SamlConnection,
    form: { SAMLResponse: string; RelayState?: string },
    expectedRequestIds: readonly string[],
  ): Promise<{ ok: true; identity: SamlIdentity } | SamlRefused>;
}

/**
 * An assertion is accepted for five minutes and twice the skew, which is five minutes at most. The rest is a margin for
 * clocks that are set back.
 */
const REMEMBER_ASSERTION_MS = 12 * MAX_ASSERTION_AGE_MS;

/** The service provider of one process. */
export function createServiceProvider(dependencies: ServiceProviderDependencies): ServiceProvider {
  const { store, publicUrl, log } = dependencies;
  const checkEvenly = createPostedResponseCheck(dependencies);
  const refusedFor = (connection: SamlConnection, refusal: SamlRefused): SamlRefused => {
    log?.info(
      {
        connection: connection.id,
        code: refusal.code,
        ...(refusal.status !== undefined && { status: refusal.status }),
      },
      "a SAML response was refused",
    );
    return refusal;
  };
  return {
    ...createSingleLogout({ store, publicUrl }),
    begin: createAuthnRequests({ store, publicUrl }),
    async accept(connection, form, expectedRequestIds) {
      const checked = await checkEvenly(connection, form.SAMLResponse, expectedRequestIds);
      if (!checked.ok) return refusedFor(connection, checked);
      const fresh = await useUp(store, connection, checked);
      return fresh ? { ok: true, identity: checked.identity } : refusedFor(connection, refused("replayed"));
    },
  };
}

/** False when the request was answered or the assertion used before. */
async function useUp(
  store: Pick<Store, "samlUses">,
  connection: SamlConnection,
  { identity, requestId }: CheckedResponse,
): Promise<boolean> {
  const now = Date.now();
  if (
    requestId !== undefined &&
    !(await store.samlUses.use(`request/${requestId}`, new Date(now + 2 * REQUEST_LIFE_MS)))
  )
    return false;
  // The sender chooses the id. Hashed, it is short and cannot be another connection's.
  const assertionId = createHash("sha256").update(identity.assertionId).digest("hex");
  return store.samlUses.use(`assertion/${connection.id}/${assertionId}`, new Date(now + REMEMBER_ASSERTION_MS));
}
