/** A new subscription in five steps. From the second on it is saved as a draft, so that one can go on later. */
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useNavigate, useSearch } from "@tanstack/react-router";
import { useMe } from "../../api/queries.js";
import { mayDo } from "../../api/access.js";
import { t } from "../../i18n/index.js";
import { Page } from "../../parts/page.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { Skeleton } from "../../parts/skeleton.js";
import { taggedQuery } from "../../parts/subscription/model.js";
import { TimeText } from "../../parts/time-text.js";
import { CertificateRequestForm } from "../subscription/security/certificate-request.js";
import { CertificateUpload } from "../subscription/security/certificate-upload.js";
import { ProtectionForm } from "../subscription/security/protection-form.js";
import { AddressStep } from "./address-step.js";
import { useFirstFields } from "./drafts.js";
import { FilterStep } from "./filter-step.js";
import { FinishStep } from "./finish-step.js";
import styles from "./new-subscription.module.css";
import { type CreateStep, type NewSubscriptionSearch, STEP_NAMES, stepOf } from "./steps.js";
import { TypesStep } from "./types-step.js";

export function NewSubscription() {
  const { role } = useMe();
  const search = useSearch({ from: "/subscriptions/new" });
  return (
    <Page title={t("create.title")}>
      {mayDo(role, "subscriptions:write") ? (
        <div className={styles.page}>
          {/* Each step reads anew what the one before has kept. */}
          <Guide key={search.step} search={search} />
        </div>
      ) : (
        <p>{t("create.notYours")}</p>
      )}
    </Page>
  );
}

function Guide({ search }: { search: NewSubscriptionSearch }) {
  const [{ url }] = useFirstFields();
  const step = stepOf(search, url);
  // The address says where one is: else the step would change while the URL is typed.
  if (search.step === "types" && step === "address")
    return <Navigate from="/subscriptions/new" to="." search={(before) => ({ ...before, step })} replace />;
  return (
    <>
      <Steps current={step} />
      <h2 tabIndex={-1}>{t(`create.step.${step}`)}</h2>
      {search.id === undefined ? <Before step={step} /> : <After id={search.id} step={step} />}
    </>
  );
}

/** Where one is. */
function Steps({ current }: { current: CreateStep }) {
  return (
    <ol className={styles.steps} aria-label={t("create.steps")}>
      {STEP_NAMES.map((step, index) => (
        <li key={step} aria-current={step === current ? "step" : undefined}>
          {index + 1}. {t(`create.short.${step}`)}
        </li>
      ))}
    </ol>
  );
}

function Before({ step }: { step: CreateStep }) {
  const navigate = useNavigate({ from: "/subscriptions/new" });
  return step === "types" ? (
    <TypesStep
      made={(id) =>
        void navigate({
          // Back would lead to the form that made it, which would make another one.
          replace: true,
          search: ({ tz, group }) => ({ ...(tz && { tz }), ...(group && { group }), id, step: "protection" }),
        })
      }
    />
  ) : (
    <AddressStep goOn={() => void navigate({ search: (before) => ({ ...before, step: "types" }) })} />
  );
}

function After({ id, step }: { id: string; step: CreateStep }) {
  const navigate = useNavigate({ from: "/subscriptions/new" });
  const { data: tagged, error, refetch } = useQuery(taggedQuery(id));
  if (!tagged) return error ? <ProblemNotice error={error} again={() => void refetch()} /> : <Skeleton />;
  const { data: subscription, etag } = tagged;
  const goTo = (next: CreateStep) => void navigate({ search: (before) => ({ ...before, step: next }) });
  return (
    <>
      <p className="quiet">
        {t("create.savedAs")}{" "}
        <Link to="/subscriptions/$id" params={{ id }}>
          {subscription.name}
        </Link>
      </p>
      {step === "protection" && (
        <>
          <p>
            <Link to="/subscriptions/$id" params={{ id }} search={{ tab: "settings" }}>
              {t("create.changeFirst")}
            </Link>
          </p>
          {subscription.clientCertExpiresAt !== undefined && (
            <p>
              {t("create.hasCertificate")} <TimeText at={subscription.clientCertExpiresAt} />
            </p>
          )}
          <CertificateUpload subscription={subscription} etag={etag} />
          <CertificateRequestForm subscription={subscription} />
          {/* The way on comes last, so that nobody goes on before the certificates. */}
          <ProtectionForm
            subscription={subscription}
            etag={etag}
            save={t("create.goOn")}
            saved={() => goTo("filter")}
            beside={
              <Link to="/subscriptions/$id" params={{ id }} search={{ tab: "settings" }} className="button quiet">
                {t("create.back")}
              </Link>
            }
          />
        </>
      )}
      {step === "filter" && (
        <FilterStep subscription={subscription} back={() => goTo("protection")} goOn={() => goTo("finish")} />
      )}
      {step === "finish" && <FinishStep subscription={subscription} back={() => goTo("filter")} />}
    </>
  );
}
