/** Sends again all that match, by a recovery: it is counted first, said in words, and started by the token of that. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { t } from "../../../i18n/index.js";
import { Dialog } from "../../../parts/dialog.js";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Recovery } from "../../../parts/recovery/model.js";
import { Previewed, type PreviewFilter } from "../../../parts/recovery/previewed.js";
import { recoveryQuery } from "../../../parts/recovery/queries.js";
import { type DeliveriesSearch, notRecoverable, recoveryFilterOf } from "../filters/filters.js";

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
        <Asked filter={filter} close={close} done={done} />
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

interface AskedProps extends Omit<RecoverDialogProps, "search"> {
  filter: PreviewFilter;
}

function Asked({ filter, close, done }: AskedProps) {
  const [id, setId] = useState<string>();
  const started = (recovery: Recovery) => {
    setId(recovery.id);
    done();
  };
  return id === undefined ? (
    <Previewed filter={filter} started={started} close={close} />
  ) : (
    <Started id={id} close={close} />
  );
}

/** What has become of it so far. */
function Started({ id, close }: { id: string; close: () => void }) {
  const { data, error } = useQuery(recoveryQuery(id));
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
        <Link to="/recoveries/$id" params={{ id }} className="button" preload={false}>
          {t("recover.watch")}
        </Link>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.close")}
        </button>
      </div>
    </>
  );
}
