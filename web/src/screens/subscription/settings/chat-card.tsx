/**
 * The chat channel that gets the notices: how it does, a test, and its URL, which is typed in and never shown again.
 */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask, type Schemas, unlessFirst } from "../../../api/client.js";
import { t } from "../../../i18n/index.js";
import { Icon } from "../../../parts/icon.js";
import notice from "../../../parts/notice.module.css";
import { ProblemNotice } from "../../../parts/problem-notice.js";
import { TimeText } from "../../../parts/time-text.js";
import { forgetSubscription } from "../queries.js";
import styles from "../subscription.module.css";
import { type ChatUrlFault, chatUrlFault } from "./chat-form.js";

const FORMATS = ["slack", "teams"] as const;
type Format = (typeof FORMATS)[number];
type Channel = NonNullable<Schemas["SubscriptionChat"]["channel"]>;

const chatQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "chat"],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/subscriptions/{id}/chat", { params: { path: { id } }, signal, ...unlessFirst(look) })),
  });

export function ChatCard({ id, mayChange }: { id: string; mayChange: boolean }) {
  const { data, error, refetch } = useQuery(chatQuery(id));
  // Also while a URL is typed: somebody else may give a channel meanwhile.
  const [isOpen, setOpen] = useState(false);
  const channel = data?.channel;
  return (
    <section className={`card ${styles.section}`} aria-labelledby="chat">
      <h2 id="chat">{t("chat.title")}</h2>
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      <p className="quiet">{t("chat.what")}</p>
      {data && !channel && !mayChange && <p>{t("settings.none")}</p>}
      {channel && <ChannelFacts channel={channel} />}
      {channel && mayChange && !isOpen && <ChannelActs id={id} channel={channel} replace={() => setOpen(true)} />}
      {data && mayChange && (!channel || isOpen) && (
        <ChannelForm
          id={id}
          format={channel?.format ?? "slack"}
          {...(channel && { cancel: () => setOpen(false) })}
          begun={() => setOpen(true)}
          saved={() => setOpen(false)}
        />
      )}
    </section>
  );
}

function ChannelFacts({ channel }: { channel: Channel }) {
  const { format, host, ending, sending, sentAt, fault } = channel;
  return (
    <>
      <dl className="facts">
        <dt>{t("chat.goesTo")}</dt>
        <dd>
          {t(`chat.format.${format}`)}, <code>{ending === undefined ? host : `${host}/…${ending}`}</code>
        </dd>
        <dt>{t("chat.state")}</dt>
        <dd>{sending ? t("chat.on") : t("chat.off")}</dd>
        <dt>{t("chat.lastSent")}</dt>
        <dd>{sentAt === undefined ? t("chat.never") : <TimeText at={sentAt} />}</dd>
      </dl>
      {fault && (
        <div className={sending ? notice.warn : notice.bad} role="status">
          <p>{fault.explanation}</p>
          <p className="quiet">
            <TimeText at={fault.at} />
          </p>
        </div>
      )}
    </>
  );
}

interface ChannelActsProps {
  id: string;
  channel: Channel;
  replace: () => void;
}

function ChannelActs({ id, channel, replace }: ChannelActsProps) {
  const client = useQueryClient();
  const path = { params: { path: { id } } };
  const known = () => void client.invalidateQueries({ queryKey: chatQuery(id).queryKey });
  const test = useMutation({
    mutationFn: () => ask(api.POST("/v1/subscriptions/{id}/chat/test", path)),
    onSettled: known,
  });
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE("/v1/subscriptions/{id}/chat", path)),
    onSettled: () => forgetSubscription(client, id),
  });
  const isBusy = test.isPending || remove.isPending;
  const refusal = test.data?.sent === false ? test.data.fault?.explanation : undefined;
  return (
    <>
      <div className="row">
        <button type="button" className="button" disabled={isBusy} onClick={() => test.mutate()}>
          {t("chat.test")}
        </button>
        <button type="button" className="button quiet" disabled={isBusy} onClick={replace}>
          {t("chat.replace")}
        </button>
        <button type="button" className="button quiet" disabled={isBusy} onClick={() => remove.mutate()}>
          {t("chat.remove")}
        </button>
        <span role="status">
          {test.isPending && t("chat.testing")}
          {test.data?.sent === true && t("chat.tested", { format: t(`chat.format.${channel.format}`) })}
        </span>
      </div>
      {/* If the channel is gone, then its state says the same. */}
      {refusal !== undefined && test.data?.fault?.kind !== "gone" && (
        <div className={notice.bad} role="alert">
          <p className={notice.title}>
            <Icon name="stop" /> {t("chat.testFailed")}
          </p>
          <p>{refusal}</p>
        </div>
      )}
      {test.error && <ProblemNotice error={test.error} />}
      {remove.error && <ProblemNotice error={remove.error} />}
    </>
  );
}

interface ChannelFormProps {
  id: string;
  format: Format;
  /** Something is typed. */
  begun: () => void;
  saved: () => void;
  cancel?: () => void;
}

function ChannelForm({ id, format: before, begun, saved, cancel }: ChannelFormProps) {
  const client = useQueryClient();
  const [format, setFormat] = useState<Format>(before);
  // It is on this page alone, and gone with it.
  const [url, setUrl] = useState("");
  const save = useMutation({
    mutationFn: () =>
      ask(api.PUT("/v1/subscriptions/{id}/chat", { params: { path: { id } }, body: { format, url: url.trim() } })),
    onSuccess: (chat) => {
      client.setQueryData(chatQuery(id).queryKey, chat);
      setUrl("");
      saved();
    },
    onSettled: () => forgetSubscription(client, id),
  });
  const typed = (text: string): void => {
    save.reset();
    begun();
    setUrl(text);
  };
  const fault = chatUrlFault(format, url);
  const isReady = url.trim() !== "" && fault === undefined && !save.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) save.mutate();
  };
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t("chat.title")}>
      <label className="field">
        {t("chat.service")}
        <select value={format} onChange={({ target }) => setFormat(formatIn(target.value) ?? format)}>
          {FORMATS.map((each) => (
            <option key={each} value={each}>
              {t(`chat.format.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <UrlField format={format} url={url} fault={fault} typed={typed} />
      {save.error && <ProblemNotice error={save.error} />}
      <div className="row">
        <button className="button" disabled={!isReady}>
          {t("chat.save")}
        </button>
        {cancel && (
          <button type="button" className="button quiet" onClick={cancel}>
            {t("act.cancel")}
          </button>
        )}
      </div>
    </form>
  );
}

const formatIn = (text: string): Format | undefined => FORMATS.find((each) => each === text);

interface UrlFieldProps {
  format: Format;
  url: string;
  fault: ChatUrlFault | undefined;
  typed: (text: string) => void;
}

function UrlField({ format, url, fault, typed }: UrlFieldProps) {
  return (
    <div className="field">
      <label htmlFor="chat-url">{t("chat.url")}</label>
      <input
        id="chat-url"
        type="url"
        value={url}
        maxLength={2_048}
        autoComplete="off"
        spellCheck={false}
        aria-describedby="chat-url-hint"
        aria-invalid={fault !== undefined || undefined}
        onChange={({ target }) => typed(target.value)}
      />
      <span id="chat-url-hint" className="quiet">
        {t(`chat.hint.${format}`)} {t("chat.secret")}
      </span>
      {fault && (
        <span role="alert" className={styles.warning}>
          {t(`chat.fault.${fault}`)}
        </span>
      )}
    </div>
  );
}
