/** Counts what a recovery would send, says it in words, takes the reason, and starts it by the token of that count. */
import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../../api/client.js";
import { LOCALE, t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { formatDuration } from "../../time/format.js";
import { useDraft } from "../draft.js";
import { useNames } from "../names.js";
import { ProblemNotice } from "../problem-notice.js";
import { TimeText } from "../time-text.js";
import { estimateOf, rateOf } from "./estimate.js";
import type { Recovery } from "./model.js";
import { isTooLong } from "./recovery-window.js";
import styles from "./recovery.module.css";

export type PreviewFilter = Schemas["RecoveryPreviewInput"]["filter"];

interface PreviewedProps {
  filter: PreviewFilter;
  started: (recovery: Recovery) => void;
  /** Absent on a page of its own. */
  close?: () => void;
}

/** What a recovery would send, as of now. */
export const previewQuery = (filter: PreviewFilter) =>
  queryOptions({
    queryKey: ["recovery-preview", filter],
    queryFn: ({ signal }) => ask(api.POST("/v1/recoveries/preview", { body: { filter }, signal })),
    // A token starts one recovery, and counts age.
    staleTime: 0,
    gcTime: 0,
  });

export function Previewed(props: PreviewedProps) {
  const { filter, close } = props;
  const [now] = useState(Date.now);
  if (!isTooLong(filter, now)) return <Asking {...props} />;
  return (
    <>
      <p role="status">{t("recover.windowTooWide")}</p>
      <Close close={close} />
    </>
  );
}

function Close({ close }: { close: (() => void) | undefined }) {
  if (!close) return null;
  return (
    <div className="row">
      <button type="button" className="button quiet" onClick={close}>
        {t("act.close")}
      </button>
    </div>
  );
}

function Asking({ filter, started, close }: PreviewedProps) {
  const [reason, setReason, dropReason] = useDraft("recovery.reason", "");
  const [rate, setRate] = useState("");
  const preview = useQuery(previewQuery(filter));
  const given = { reason: reason.trim(), ratePerSecond: rateOf(rate) };
  const start = useMutation({
    mutationFn: (token: string) =>
      ask(
        api.POST("/v1/recoveries", {
          body: {
            filter,
            token,
            ...(given.reason && { reason: given.reason }),
            ...(given.ratePerSecond && { ratePerSecond: given.ratePerSecond }),
          },
        }),
      ),
    onSuccess(recovery) {
      dropReason();
      started(recovery);
    },
  });
  const previewAgain = () => {
    start.reset();
    void preview.refetch();
  };
  if (preview.error) return <ProblemNotice error={preview.error} again={() => void preview.refetch()} />;
  if (!preview.data) return <p role="status">{t("recover.counting")}</p>;
  const { count, token, needsRelease } = preview.data;
  if (count === 0)
    return (
      <>
        <PreviewCount preview={preview.data} />
        <Close close={close} />
      </>
    );
  const number = countedText(preview.data);
  return (
    <>
      <PreviewCount preview={preview.data} ratePerSecond={given.ratePerSecond} />
      {needsRelease && <p className={styles.warning}>{t("recover.needsRelease")}</p>}
      <Fields reason={reason} setReason={setReason} rate={rate} setRate={setRate} />
      {start.error && <ProblemNotice error={start.error} again={previewAgain} />}
      <div className="row">
        <button type="button" className="button" disabled={start.isPending} onClick={() => start.mutate(token)}>
          <Confirm preview={preview.data} number={number} />
        </button>
        {close && (
          <button type="button" className="button quiet" onClick={close}>
            {t("act.cancel")}
          </button>
        )}
      </div>
    </>
  );
}

interface FieldsProps {
  reason: string;
  setReason: (reason: string) => void;
  rate: string;
  setRate: (rate: string) => void;
}

function Fields({ reason, setReason, rate, setRate }: FieldsProps) {
  return (
    <div className={styles.fields}>
      <div className="field">
        <label htmlFor="reason">{t("recover.reason")}</label>
        <input id="reason" value={reason} maxLength={500} onChange={({ target }) => setReason(target.value)} />
      </div>
      <div className="field">
        <label htmlFor="rate">{t("recover.rate")}</label>
        <input
          id="rate"
          type="number"
          min="0.01"
          step="any"
          inputMode="decimal"
          value={rate}
          placeholder={t("recover.ownRate")}
          onChange={({ target }) => setRate(target.value)}
        />
      </div>
    </div>
  );
}

/** "Send 1,204 again to Acme ledger": to one endpoint by its name, to several by their number. */
function Confirm({ preview, number }: { preview: Schemas["RecoveryPreview"]; number: string }) {
  const { bySubscription, filter, needsRelease } = preview;
  const names = useNames(bySubscription.map(({ subscriptionId }) => subscriptionId));
  const [first] = bySubscription;
  if (needsRelease) return t("recover.ask", { number });
  if (!first || bySubscription.length > 1)
    return t("recover.confirmSeveral", { number, endpoints: numberOf(bySubscription.length) });
  const endpoint = names.endpoint(first.subscriptionId);
  return t(filter.mode ? "recover.confirmMissing" : "recover.confirmTo", { number, endpoint });
}

interface PreviewCountProps {
  preview: Schemas["RecoveryPreview"];
  ratePerSecond?: number | undefined;
}

const countedText = ({ count, exact }: Pick<Schemas["RecoveryPreview"], "count" | "exact">): string =>
  `${numberOf(count)}${exact ? "" : "+"}`;

/** How many, to whom, of which time, and how long it takes. */
export function PreviewCount({ preview, ratePerSecond }: PreviewCountProps) {
  const { bySubscription, byStatus, count, oldest, newest, filter } = preview;
  const number = countedText(preview);
  const names = useNames(bySubscription.map(({ subscriptionId }) => subscriptionId));
  if (count === 0) return <p role="status">{t(filter.mode ? "recover.nothingMissing" : "recover.nothing")}</p>;
  const time = formatDuration(estimateOf(preview, ratePerSecond) * 1_000, LOCALE);
  const statuses = Object.entries(byStatus).map(([status, each]) => `${numberOf(each)} ${status}`);
  return (
    <>
      <p role="status">
        {filter.mode
          ? t("recover.questionMissing", { number, time })
          : t("recover.question", { number, statuses: statuses.join(", "), time })}
      </p>
      <ul className={styles.counts}>
        {bySubscription.map(({ subscriptionId, count: each }) => (
          <li key={subscriptionId}>
            {names.endpoint(subscriptionId)}: {numberOf(each)}
          </li>
        ))}
      </ul>
      <dl className="facts">
        {oldest !== undefined && (
          <>
            <dt>{t("recover.oldest")}</dt>
            <dd>
              <TimeText at={oldest} />
            </dd>
          </>
        )}
        {newest !== undefined && (
          <>
            <dt>{t("recover.newest")}</dt>
            <dd>
              <TimeText at={newest} />
            </dd>
          </>
        )}
      </dl>
    </>
  );
}
