/** What is set. What a change brings with it is said before it is saved. Two people do not write over each other. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { mayDo } from "../../../api/access.js";
import { api, ask } from "../../../api/client.js";
import { isChangedMeanwhile } from "../../../api/problem.js";
import { apisQuery, eventTypesQuery, type Me } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import notice from "../../../parts/notice.module.css";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { forgetSubscription } from "../queries.js";
import { Overtaken } from "../overtaken.js";
import styles from "../subscription.module.css";
import { ChatCard } from "./chat-card.js";
import { effectsOf } from "./effects.js";
import {
  changedFields,
  readSettings,
  rebased,
  type SettingsForm,
  settingsFormOf,
  type SubscriptionChange,
} from "./form.js";
import { SettingsFields } from "./settings-fields.js";
import { SettingsFacts } from "./settings-facts.js";
import { useSettingsDraft } from "./settings-draft.js";

interface SettingsTabProps {
  subscription: Subscription;
  etag: string | undefined;
  me: Me;
}

export function SettingsTab({ subscription, etag, me }: SettingsTabProps) {
  const mayChange = mayDo(me.role, "subscriptions:write");
  return (
    <>
      {mayChange ? (
        <SettingsEditor subscription={subscription} etag={etag} me={me} />
      ) : (
        <SettingsFacts subscription={subscription} />
      )}
      <ChatCard id={subscription.id} mayChange={mayChange} />
    </>
  );
}

/** Whether a consumer's subscription to a type needs no approval. Not known yet counts as no. */
function useAutomatic(): (eventType: string) => boolean {
  const { data: apis } = useQuery(apisQuery);
  const { data: types } = useQuery(eventTypesQuery);
  const automatic = new Set(apis?.data.filter(({ approval }) => approval === "automatic").map(({ id }) => id));
  const apiOf = new Map(types?.data.map(({ name, apiId }) => [name, apiId]));
  return (eventType) => automatic.has(apiOf.get(eventType) ?? "");
}

/** Saves under the condition that nobody else has changed it since typing began. */
function useSave(id: string, saved: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ change, tag }: { change: SubscriptionChange; tag: string | undefined }) =>
      ask(
        api.PATCH("/v1/subscriptions/{id}", {
          params: { path: { id }, ...(tag !== undefined && { header: { "If-Match": tag } }) },
          body: change,
        }),
      ),
    onSuccess: saved,
    // What others have saved meanwhile is shown beside what was typed.
    onSettled: () => forgetSubscription(client, id),
  });
}

function SettingsEditor({ subscription, etag, me }: SettingsTabProps) {
  const { id } = subscription;
  const [draft, setDraft, drop] = useSettingsDraft(id, { form: settingsFormOf(subscription), etag });
  const changed = changedFields(draft.form, draft.base);
  const read = readSettings(draft);
  const save = useSave(id, drop);
  const discard = () => {
    save.reset();
    drop();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What was changed meanwhile may be none of these fields, such as a secret or the chat channel.
    const isSame = changedFields(settingsFormOf(subscription), draft.base).length === 0;
    if (read.ok) save.mutate({ change: read.change, tag: isSame ? etag : draft.etag });
  };
  const isOvertaken = isChangedMeanwhile(save.error);
  return (
    <form onSubmit={submit} className={styles.form} aria-label={t("subscription.tab.settings")}>
      <SettingsFields
        groupId={subscription.groupId}
        form={draft.form}
        changed={new Set(changed)}
        faults={read.ok ? [] : read.faults}
        change={(fields) => {
          save.reset();
          setDraft({ ...draft, form: { ...draft.form, ...fields } });
        }}
      />
      {changed.length > 0 && read.ok && <Effects subscription={subscription} change={read.change} me={me} />}
      {save.data?.warnings?.map((warning) => (
        <p key={warning} className={styles.warning}>
          {warning}
        </p>
      ))}
      {save.error && !isOvertaken && <ProblemNotice error={save.error} />}
      {isOvertaken && (
        <Overtaken
          id={id}
          theirs={theirSettings(draft.base, settingsFormOf(subscription))}
          keep={() => {
            save.reset();
            setDraft(rebased(draft, settingsFormOf(subscription), etag));
          }}
        />
      )}
      <div className="row">
        <button className="button" disabled={changed.length === 0 || !read.ok || save.isPending || isOvertaken}>
          {t("settings.save")}
        </button>
        {changed.length > 0 && (
          <button type="button" className="button quiet" onClick={discard}>
            {t("settings.discard")}
          </button>
        )}
        <span role="status">{save.isSuccess && t("settings.saved")}</span>
      </div>
    </form>
  );
}

interface EffectsProps {
  subscription: Subscription;
  change: SubscriptionChange;
  me: Me;
}

/** Said before it is saved. */
function Effects({ subscription, change, me }: EffectsProps) {
  const isAutomatic = useAutomatic();
  return (
    <div className={notice.info} role="status">
      {effectsOf(subscription, change, { role: me.role, isAutomatic }).map((effect) => (
        <p key={effect}>{t(`settings.effect.${effect}`)}</p>
      ))}
    </div>
  );
}

const theirSettings = (before: SettingsForm, now: SettingsForm) =>
  changedFields(now, before).map((field) => ({
    name: t(`settings.field.${field}`),
    before: shown(before[field]),
    now: shown(now[field]),
  }));

const shown = (value: string | string[]): string => String(value).replaceAll(",", ", ");
