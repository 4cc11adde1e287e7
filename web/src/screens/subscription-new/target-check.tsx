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

/** Looks at a URL. A look is limited to a few a minute, so nothing is looked at while it is typed. */
export const useTargetCheck = () =>
  useMutation({ mutationFn: (url: string) => ask(api.POST("/v1/targets/check", { body: { url } })) });

interface TargetCheckProps {
  url: string;
  check: ReturnType<typeof useTargetCheck>;
}

export function TargetCheck({ url, check: { mutate, isPending, variables, data, error } }: TargetCheckProps) {
  const isOfThis = variables === url;
  return (
    <section className={form.section} aria-label={t("check.title")}>
      <div className="row">
        {/* Not disabled meanwhile: by Tab the focus comes here just when a look begins. */}
        <button
          type="button"
          className="button quiet"
          aria-busy={isPending}
          onClick={() => {
            if (!isPending) mutate(url);
          }}
        >
          {t("check.act")}
        </button>
        <span className="quiet">{t("check.meaning")}</span>
      </div>
      {isOfThis && error && <ProblemNotice error={error} />}
      <div role="status">{isOfThis && data && <Found check={data} />}</div>
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
          {tlsProtocol !== undefined && `${tlsProtocol} · `}
          {own.subject} · {t("certificate.daysLeft", { count: own.daysLeft, number: own.daysLeft })}
        </p>
      )}
    </>
  );
}
