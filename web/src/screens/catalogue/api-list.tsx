/** The apis that this person finds. A consumer sees which of them its groups have, and asks for the others. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { isOwnApi } from "../../api/own-api.js";
import { apisQuery, groupsQuery, type Me, useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { AskDialog } from "./ask-dialog.js";
import styles from "./catalogue.module.css";
import { type Api, openRequestsQuery } from "./queries.js";

export function ApiList() {
  const { data, error, refetch } = useQuery(apisQuery);
  return (
    <section className={styles.section} aria-labelledby="apis">
      <h2 id="apis">{t("catalogue.apis")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data?.data.length === 0 && <p>{t("catalogue.noApis")}</p>}
      <ul className={styles.apis}>
        {data?.data.map((each) => (
          <li key={each.id} className="card">
            <ApiCard api={each} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Whether a consumer's groups have the api whole. Undefined until their grants are known. */
export function useGranted(me: Me): (grant: string) => boolean | undefined {
  const { data: groups } = useQuery(groupsQuery);
  const own = groups?.data.filter(({ id }) => me.groups?.some((group) => group.id === id));
  return (grant) => own && own.length > 0 && own.every(({ grants }) => grants.includes(grant));
}

function ApiCard({ api: { id, name, description, approval, listed } }: { api: Api }) {
  const me = useMe();
  const granted = useGranted(me)(id);
  const { data: open } = useQuery({ ...openRequestsQuery, enabled: me.role === "consumer" });
  const [asking, setAsking] = useState(false);
  const isConsumer = me.role === "consumer";
  const asked = open?.data.some(({ grant }) => grant === id) ?? false;
  return (
    <>
      <h3 className={styles.name}>
        <Link from="/catalogue" to="." search={({ cursor: _cursor, ...before }) => ({ ...before, api: id })}>
          {name}
        </Link>
      </h3>
      {description !== undefined && <p>{description}</p>}
      <p className="quiet">{t(`catalogue.approval.${approval}`)}</p>
      {!isConsumer && <p className="quiet">{t(listed ? "catalogue.listed" : "catalogue.notListed")}</p>}
      {isConsumer && granted !== undefined && open && (
        <p>{t(granted ? "catalogue.granted" : asked ? "catalogue.asked" : "catalogue.notGranted")}</p>
      )}
      {(!isConsumer || granted) && (
        <p className="row">
          {(["asyncapi", "openapi"] as const).map((format) => (
            <a
              key={format}
              href={`/v1/apis/${id}/export?format=${format}`}
              download={`${id}.${format}.json`}
              aria-label={t(`catalogue.download.${format}Of`, { name })}
            >
              {t(`catalogue.download.${format}`)}
            </a>
          ))}
          {mayDo(me.role, "catalogue:write") && !isOwnApi(id) && (
            <>
              <Link to="/new-event-type" search={{ api: id }} aria-label={t("typeNew.actOf", { name })}>
                {t("typeNew.act")}
              </Link>
              <Link to="/import" search={{ api: id }} aria-label={t("typeImport.actOf", { name })}>
                {t("typeImport.act")}
              </Link>
            </>
          )}
        </p>
      )}
      {isConsumer && granted === false && open && !asked && mayDo(me.role, "grants:ask") && (
        <button type="button" className="button quiet" onClick={() => setAsking(true)}>
          {t("ask.actApi", { name })}
        </button>
      )}
      {asking && <AskDialog grant={id} name={name} me={me} close={() => setAsking(false)} />}
    </>
  );
}
