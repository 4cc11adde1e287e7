/** Which connection a person logs in by. */
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../http/errors.js";
import { connectionId } from "../saml/connections/schemas.js";

type Chosen = { connection: SamlConnection } | { ask: true; unknown: boolean } | Refusal;

/**
 * Finds the connection by id or by name. If there is only one connection, then it need not be named. Wrong names are
 * counted because names can be guessed. Ids cannot.
 */
export async function chooseConnection(
  { store, loginLimits }: Pick<ApiDependencies, "loginLimits" | "store">,
  asked: string | undefined,
  address: string,
): Promise<Chosen> {
  const named = connectionId.safeParse(asked).success ? await store.samlConnections.get(String(asked)) : undefined;
  if (named?.status === "enabled") return { connection: named };
  const refusal = asked === undefined ? undefined : await loginLimits.name(address);
  if (refusal) return refusal;
  const enabled = (await allConnections(store)).filter(({ status }) => status === "enabled");
  const [only] = enabled;
  if (!only) return refuse("connection_unknown", "No company's identity provider is connected yet.");
  if (asked === undefined) return enabled.length === 1 ? { connection: only } : { ask: true, unknown: false };
  const name = asked.trim().toLowerCase();
  const connection = enabled.find((each) => each.name.toLowerCase() === name);
  if (!connection) await loginLimits.wrongName(address);
  return connection ? { connection } : { ask: true, unknown: true };
}

/** Everybody may ask. So all requests that come at the same time share one read of the store. */
const looks = new WeakMap<ApiDependencies["store"], Promise<SamlConnection[]>>();

function allConnections(store: ApiDependencies["store"]): Promise<SamlConnection[]> {
  const underWay = looks.get(store);
  if (underWay) return underWay;
  const found = store.samlConnections.all().finally(() => looks.delete(store));
  looks.set(store, found);
  return found;
}
