/** What can be said of an address before anything is sent there: name, address, TLS and certificate, in words. */
import { useMutation } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../../parts/icon.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import form from "../subscription/subscription.module.css";
import styles from "./new-subscription.module.css";

type Check = Schemas["TargetCheck"];

const ICONS = { ok: "good", failed: "stop", skipped: "degraded" } as const;

/** A look is limited to a few a minute, so a person asks for it. */
export function TargetCheck({ url }: { url: string }) {
  const run = useMutation({ mutationFn: () => ask(api.POST("/v1/targets/check", { body: { url } })) });
  return (
    <section className={form.section} aria-label={t("check.title")}>
      <div className="row">
        <button type="button" className="button quiet" disabled={run.isPending} onClick={() => run.mutate()}>
          {t("check.act")}
        </button>
        <span className="quiet">{t("check.meaning")}</span>
      </div>
      {run.error && <ProblemNotice error={run.error} />}
      <div role="status">{run.data && <Found check={run.data} />}</div>
    </section>
  );
}

function Found({ check: { ok, steps, tlsProtocol, certificates = [] } }: { check: Check }) {
  const [own] = certificates;
  return (
    <>
      <p>
        <strong>{t(ok ? "check.ok" : "check.failed")}</strong>
      </p>
      <ul className={styles.checks}>
        {steps.map(({ step, state, code, explanation, todo }) => (
          <li key={step} className={state === "failed" ? form.warning : undefined}>
            <Icon name={ICONS[state]} />
            <span>
              {t(`check.step.${step}`)}: {t(`check.state.${state}`)}.{" "}
              {state === "failed" && (
                <>
                  {explanation} {todo} <code>{code}</code>
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      {own && (
        <p className="quiet">
          {tlsProtocol} · {own.subject} · {t("certificate.daysLeft", { count: own.daysLeft, number: own.daysLeft })}
        </p>
      )}
    </>
  );
}
