/** The first admin key. It comes from the environment, or the first start makes it and shows it once. */
import { newApiKey } from "../api/access/authenticate.js";
import { recordedAct } from "../store/audit/acts.js";
import type { Store } from "../store/store.js";
import { thisProcess } from "./process/process-name.js";
import type { Config } from "./config.js";

export type AdminKey = { from: "environment" } | { from: "earlier start" } | { from: "now"; token: string };

/** Makes an admin key when there is none. Only then is the token in the answer. */
export async function ensureAdminKey(store: Store, config: Config): Promise<AdminKey> {
  if (config.SEALPOST_ADMIN_KEY) return { from: "environment" };
  const keys = await store.apiKeys.all();
  if (keys.some((key) => key.role === "admin" && !key.revokedAt)) return { from: "earlier start" };
  const { id, token, hash } = newApiKey(store);
  await recordedAct(
    store.audit,
    {
      actor: "service",
      subject: id,
      operation: "firstStart",
      write: "apiKeys.insert",
      target: id,
      process: thisProcess(),
    },
    async () => {
      await store.apiKeys.insert({ id, hash, name: "First admin key", role: "admin", createdAt: new Date() });
      return { action: "api_key.create", subject: id, detail: { role: "admin", reason: "first start" } };
    },
  );
  return { from: "now", token };
}
