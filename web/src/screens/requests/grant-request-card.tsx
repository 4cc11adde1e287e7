/** One request for a grant, and the answer to it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import { apisQuery, type Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { ActorNames } from "../../parts/actor-names.js";
import { Dialog } from "../../parts/dialog.js";
import { useDraft } from "../../parts/draft.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { TimeText } from "../../parts/time-text.js";
import type { GrantRequest } from "./queries.js";
import styles from "./requests.module.css";

interface GrantRequestCardProps {
  request: GrantRequest;
  group: string;
  me: Me;
}

type Answer = "approve" | "refuse" | "withdraw";

/** Who asked may withdraw, and not approve. */
function answersFor({ role, id }: Me, { status, requestedBy, secondPersonNeeded }: GrantRequest): Answer[] {
  if (status !== "open") return [];
  const isOwn = requestedBy === id;
  return [
    ...(mayDo(role, "grants:decide") && !secondPersonNeeded ? (["approve", "refuse"] as const) : []),
    ...(mayDo(role, "grants:ask") && (isOwn || role === "consumer") ? (["withdraw"] as const) : []),
  ];
}

export function GrantRequestCard({ request, group, me }: GrantRequestCardProps) {
  const { data: apis } = useQuery(apisQuery);
  const [asked, setAsked] = useState<Answer>();
  const { grant, apiId, reason, status, requestedBy, requestedByName, createdAt, secondPersonNeeded } = request;
  const { decidedBy, decidedByName, decidedAt, decisionReason } = request;
  const apiName = apis?.data.find(({ id }) => id === apiId)?.name ?? apiId;
  const what =
    grant === apiId ? t("requests.wholeApi", { name: apiName }) : t("requests.oneType", { name: grant, api: apiName });
  return (
    <>
      <h3 className={styles.name}>{t("requests.grantFor", { group, what })}</h3>
      <dl className="facts">
        <dt>{t("deliveries.column.status")}</dt>
        <dd>{t(`requests.status.${status}`)}</dd>
        <dt>{t("requests.askedBy")}</dt>
        <dd>
          <ActorNames actors={[{ id: requestedBy, name: requestedByName }]} /> <TimeText at={createdAt} />
        </dd>
        {reason !== undefined && (
          <>
            <dt>{t("requests.reason")}</dt>
            <dd>{reason}</dd>
          </>
        )}
        {decidedBy !== undefined && decidedAt !== undefined && (
          <>
            <dt>{t("requests.decidedBy")}</dt>
            <dd>
              <ActorNames actors={[{ id: decidedBy, name: decidedByName }]} /> <TimeText at={decidedAt} />{" "}
              {decisionReason}
            </dd>
          </>
        )}
      </dl>
      <div className="row">
        {answersFor(me, request).map((answer) => (
          <button
            key={answer}
            type="button"
            className={answer === "approve" ? "button" : "button quiet"}
            onClick={() => setAsked(answer)}
          >
            {t(`requests.answer.${answer}.act`)}
          </button>
        ))}
        {secondPersonNeeded && <span className="quiet">{t("requests.secondPerson")}</span>}
      </div>
      {asked && (
        <AnswerDialog answer={asked} id={request.id} words={{ group, what }} close={() => setAsked(undefined)} />
      )}
    </>
  );
}

interface AnswerDialogProps {
  answer: Answer;
  id: string;
  words: { group: string; what: string };
  close: () => void;
}

function call(answer: Answer, id: string, reason: string) {
  const path = { params: { path: { id } } };
  if (answer === "withdraw") return ask(api.POST("/v1/grant-requests/{id}/withdraw", path));
  if (answer === "refuse") return ask(api.POST("/v1/grant-requests/{id}/refuse", { ...path, body: { reason } }));
  return ask(api.POST("/v1/grant-requests/{id}/approve", { ...path, body: reason === "" ? {} : { reason } }));
}

function AnswerDialog({ answer, id, words, close }: AnswerDialogProps) {
  const client = useQueryClient();
  const [reason, setReason, drop] = useDraft(`answer.${id}`, "");
  const run = useMutation({
    mutationFn: () => call(answer, id, reason.trim()),
    async onSuccess() {
      drop();
      close();
      await client.invalidateQueries({ queryKey: ["grant-requests"] });
      await client.invalidateQueries({ queryKey: ["groups"] });
    },
  });
  const missing = answer === "refuse" && reason.trim() === "";
  return (
    <Dialog asks title={t(`requests.answer.${answer}.title`)} close={close}>
      <p>{t(`requests.answer.${answer}.question`, words)}</p>
      {answer !== "withdraw" && (
        <label className="field">
          {t(answer === "refuse" ? "subscription.reasonNeeded" : "recover.reason")}
          <input value={reason} maxLength={1_000} onChange={({ target }) => setReason(target.value)} />
        </label>
      )}
      {run.error && <ProblemNotice error={run.error} />}
      <div className="row">
        <button type="button" className="button" disabled={run.isPending || missing} onClick={() => run.mutate()}>
          {t(`requests.answer.${answer}.yes`, words)}
        </button>
        <button type="button" className="button quiet" onClick={close}>
          {t("act.cancel")}
        </button>
      </div>
    </Dialog>
  );
}
