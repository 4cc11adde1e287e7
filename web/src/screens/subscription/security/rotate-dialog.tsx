/**
 * A new signing secret or signing key. The person chooses how long the earlier ones sign too. A secret is shown once.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import { endpointName } from "../../../parts/names.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { SecretOnce } from "../../../parts/subscription/secret-once.js";
import { forgetSubscription } from "../queries.js";

interface RotateDialogProps {
  what: "secret" | "keys";
  subscription: Subscription;
  close: () => void;
}

/** Seconds. */
const OVERLAPS = [0, 3_600, 86_400, 604_800] as const;

async function rotate(what: "secret" | "keys", id: string, overlapSeconds: number): Promise<string | undefined> {
  const given = { params: { path: { id } }, body: { overlapSeconds } };
  if (what === "secret") return (await ask(api.POST("/v1/subscriptions/{id}/secret/rotate", given))).secret;
  await ask(api.POST("/v1/subscriptions/{id}/keys/rotate", given));
  return undefined;
}

export function RotateDialog({ what, subscription, close }: RotateDialogProps) {
  const { id } = subscription;
  const client = useQueryClient();
  const [overlap, setOverlap] = useState<number>(86_400);
  const [secret, setSecret] = useState<string>();
  const name = what === "secret" ? "rotateSecret" : "rotateKeys";
  const run = useMutation({
    async mutationFn() {
      // Kept by this dialog alone: what a mutation gives would stay in the cache of the page.
      setSecret(await rotate(what, id, overlap));
    },
    onSuccess: () => forgetSubscription(client, id),
  });
  if (run.isSuccess)
    return (
      <Dialog asks stays={secret !== undefined} title={t(`security.${name}.title`)} close={close}>
        {secret === undefined ? (
          <p role="status">{t("security.rotateKeys.done")}</p>
        ) : (
          <SecretOnce secret={secret} fileName={`${id}.secret.txt`} goOn={t("act.close")} stored={close} />
        )}
      </Dialog>
    );
  return (
    <Dialog asks title={t(`security.${name}.title`)} close={close}>
      <p>{t(`security.${name}.question`, { endpoint: endpointName(subscription) })}</p>
      <div className="field">
        <label htmlFor="overlap">{t("security.overlap")}</label>
        <select id="overlap" value={overlap} onChange={({ target }) => setOverlap(Number(target.value))}>
          {OVERLAPS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {t(`security.overlaps.${seconds}`)}
            </option>
          ))}
        </select>
      </div>
      {overlap === 0 && <p>{t("security.noOverlap")}</p>}
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button type="button" className="button" disabled={run.isPending} onClick={() => run.mutate()}>
          {t(`security.${name}.yes`)}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </Dialog>
  );
}
