/** Sends again all that match, by a recovery: it is counted first, said in words, and started by the token of that. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, BACKGROUND, type Schemas } from "../../../api/client.js";
import { LOCALE, t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import { useDraft } from "../../../parts/draft.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import { formatDuration } from "../../../time/format.js";
import { type DeliveriesSearch, notRecoverable, recoveryFilterOf } from "../filters/filters.js";
import { useNames } from "../../../parts/names.js";
import styles from "./selection-bar.module.css";

interface RecoverDialogProps {
  search: DeliveriesSearch;
  close: () => void;
  done: () => void;
}

export function RecoverDialog({ search, close, done }: RecoverDialogProps) {
  const [filter] = useState(() => recoveryFilterOf(search, Date.now()));
  const hindering = notRecoverable(search);
  return (
    <Dialog title={t("recover.title")} asks close={close}>
      {hindering.length > 0 ? (
        <p>{t("recover.hindered", { filters: hindering.map((name) => t(`recover.filter.${name}`)).join(", ") })}</p>
      ) : filter === undefined ? (
        <p>{t("recover.windowNeeded")}</p>
      ) : (
        <Previewed filter={filter} close={close} done={done} />
      )}
      {(hindering.length > 0 || filter === undefined) && (
        <div className="row">
          <button type="button" className="button quiet" onClick={close}>
            {t("act.close")}
          </button>
        </div>
      )}
    </Dialog>
  );
}

interface PreviewedProps extends Omit<RecoverDialogProps, "search"> {
  filter: NonNullable<ReturnType<typeof recoveryFilterOf>>;
}

function Previewed({ filter, close, done }: PreviewedProps) {
  const [reason, setReason, dropReason] = useDraft("recovery.reason", "");
  const preview = useQuery({
    queryKey: ["recovery-preview", filter],
    queryFn: ({ signal }) => ask(api.POST("/v1/recoveries/preview", { body: { filter }, signal })),
    // A token starts one recovery, and counts age.
    staleTime: 0,
    gcTime: 0,
  });
  const start = useMutation({
    mutationFn: (token: string) =>
      ask(api.POST("/v1/recoveries", { body: { filter, token, ...(reason.trim() && { reason: reason.trim() }) } })),
    onSuccess() {
      dropReason();
      done();
    },
  });
  const previewAgain = () => {
    start.reset();
    void preview.refetch();
  };
  if (start.data) return <Started id={start.data.id} close={close} />;
  if (preview.error) return <ProblemNotice error={preview.error} again={() => void preview.refetch()} />;
  if (!preview.data) return <p role="status">{t("recover.counting")}</p>;
  const { count, exact, token } = preview.data;
  const number = `${new Intl.NumberFormat(LOCALE).format(count)}${exact ? "" : "+"}`;
  return (
    <>
      <Counted preview={preview.data} number={number} />
      <div className="field">
        <label htmlFor="reason">{t("recover.reason")}</label>
        <input id="reason" value={reason} maxLength={500} onChange={({ target }) => setReason(target.value)} />
      </div>
      {start.error && <ProblemNotice error={start.error} again={previewAgain} />}
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={count === 0 || start.isPending}
          onClick={() => start.mutate(token)}
        >
          {t("recover.confirm", { number })}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </>
  );
}

function Counted({ preview, number }: { preview: Schemas["RecoveryPreview"]; number: string }) {
  const { bySubscription, byStatus, estimatedSeconds, count } = preview;
  const names = useNames(bySubscription.map(({ subscriptionId }) => subscriptionId));
  if (count === 0) return <p>{t("recover.nothing")}</p>;
  const format = new Intl.NumberFormat(LOCALE);
  const statuses = Object.entries(byStatus).map(([status, each]) => `${format.format(each)} ${status}`);
  return (
    <>
      <p>
        {t("recover.question", {
          number,
          statuses: statuses.join(", "),
          time: formatDuration(estimatedSeconds * 1_000, LOCALE),
        })}
      </p>
      <ul className={styles.results}>
        {bySubscription.map(({ subscriptionId, count: each }) => (
          <li key={subscriptionId}>
            {names.endpoint(subscriptionId)}: {format.format(each)}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What has become of it so far. */
function Started({ id, close }: { id: string; close: () => void }) {
  const { data, error } = useQuery({
    queryKey: ["recovery", id],
    queryFn: ({ signal }) =>
      ask(api.GET("/v1/recoveries/{id}", { params: { path: { id } }, headers: BACKGROUND, signal })),
    refetchInterval: ({ state }) => (state.data?.status === "running" || !state.data ? 2_000 : false),
  });
  return (
    <>
      <p role="status">
        {t("recover.started")} <code>{id}</code>
      </p>
      {error && <ProblemNotice error={error} />}
      {data && (
        <dl className="facts">
          <dt>{t("recover.sent")}</dt>
          <dd>{data.progress.sent}</dd>
          <dt>{t("recover.delivered")}</dt>
          <dd>{data.progress.delivered}</dd>
          <dt>{t("recover.failedAgain")}</dt>
          <dd>{data.progress.failedAgain}</dd>
        </dl>
      )}
      <div className="row">
        <button type="button" className="button quiet" onClick={close}>
          {t("act.close")}
        </button>
      </div>
    </>
  );
}
