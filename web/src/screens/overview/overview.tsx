/** The first screen: how it stands in one sentence, what needs the person, and the ways to it. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { mayDo } from "../../api/access.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Icon, type IconName } from "../../parts/icon.js";
import notice from "../../parts/notice.module.css";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { useLiveQueries } from "../../parts/subscription/live.js";
import { WindowSwitch } from "../../parts/stats/window-switch.js";
import { keptSearch, type KeptSearch } from "../../search-parameters.js";
import { Engine, NeedsYou, Unhealthy, Waiting } from "./cards.js";
import type { OverviewWindow } from "./filters.js";
import { type OverviewFigures, overviewQuery } from "./queries.js";
import { sentencesOf } from "./sentence.js";
import styles from "./overview.module.css";

/** People come for the sentence. The charts are loaded after it. */
const OverviewCharts = lazy(() => import("./charts.js"));

const LIVE = [["overview"]] as const;
/** Its figures are counted over all subscriptions, so many changes ask once. */
const GATHERED_MS = 2_000;

export function Overview() {
  useLiveQueries(LIVE, { gatheredMs: GATHERED_MS });
  const { window = "24h", ...search } = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const choose = (chosen: OverviewWindow) =>
    void navigate({ search: (before) => ({ ...before, window: chosen }), replace: true });
  const kept = keptSearch(search);
  const { data, error, refetch } = useQuery(overviewQuery(kept));
  return (
    <Page title={t("overview.title")} beside={<WindowSwitch value={window} choose={choose} />}>
      <div className={styles.screen}>
        {error && <ProblemNotice error={error} again={() => void refetch()} />}
        {!data && !error && <Skeleton />}
        {data && <Sentence overview={data} />}
        {data?.sentence.code === "no_endpoint" && <Newcomer kept={kept} />}
        {data && (
          <div className={styles.cards}>
            <NeedsYou overview={data} kept={kept} />
            <Waiting overview={data} kept={kept} />
            {data.engine && <Engine engine={data.engine} />}
          </div>
        )}
        {data && data.sentence.code !== "no_endpoint" && (
          <Suspense fallback={<Skeleton />}>
            <OverviewCharts window={window} kept={kept} />
          </Suspense>
        )}
        {data && data.sentence.code !== "no_endpoint" && <Unhealthy overview={data} kept={kept} />}
      </div>
    </Page>
  );
}

const LOOK: Record<OverviewFigures["sentence"]["code"], { icon: IconName; tone: "bad" | "warn" | "info" }> = {
  some_failing: { icon: "failing", tone: "bad" },
  some_degraded: { icon: "degraded", tone: "warn" },
  all_well: { icon: "healthy", tone: "info" },
  none_in_service: { icon: "hold", tone: "info" },
  no_endpoint: { icon: "draft", tone: "info" },
};

/** Endpoints that are well have refused something all the same. */
const REFUSED = { icon: "degraded", tone: "warn" } as const;
const lookOf = ({ sentence: { code }, parked }: OverviewFigures) =>
  code === "all_well" && parked && parked.count > 0 ? REFUSED : LOOK[code];

function Sentence({ overview }: { overview: OverviewFigures }) {
  const { icon, tone } = lookOf(overview);
  return (
    <section className={notice[tone]} aria-label={t("overview.sentence")}>
      <p className={styles.sentence}>
        <Icon name={icon} />
        <span>{sentencesOf(overview).join(" ")}</span>
      </p>
    </section>
  );
}

/** What to do first. */
function Newcomer({ kept }: { kept: KeptSearch }) {
  const { role } = useMe();
  const mayMake = mayDo(role, "subscriptions:write");
  return (
    <section className="card" aria-labelledby="begin">
      <h2 id="begin">{t("overview.begin")}</h2>
      <p>{t(mayMake ? "overview.beginMake" : "overview.beginSee")}</p>
      <p className={styles.acts}>
        {mayMake && (
          <Link to="/subscriptions/new" search={kept} className="button">
            {t("create.act")}
          </Link>
        )}
        <Link to="/catalogue" search={kept} className="button quiet">
          {t("overview.seeCatalogue")}
        </Link>
      </p>
    </section>
  );
}
