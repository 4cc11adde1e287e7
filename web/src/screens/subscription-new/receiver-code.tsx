/** A receiver that verifies what comes, ready to paste. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { t } from "../../i18n/index.js";
import { copyText } from "../../parts/copy.js";
import notice from "../../parts/notice.module.css";
import { ProblemNotice } from "../../parts/problem-notice.js";
import type { Subscription } from "../../parts/subscription/model.js";
import form from "../subscription/subscription.module.css";
import styles from "./new-subscription.module.css";
import { fittingReceivers, type ReceiverPages, receiversOf } from "./receivers.js";

const receiversQuery = {
  queryKey: ["receivers"],
  queryFn: async (): Promise<ReceiverPages> => {
    const [secret, keys] = await Promise.all([
      import("../../../../docs/how-to/receive-and-verify.md?raw"),
      import("../../../../docs/how-to/verify-with-public-keys.md?raw"),
    ]);
    return { withSecret: receiversOf(secret.default), withKeys: receiversOf(keys.default) };
  },
  staleTime: Infinity,
};

export function ReceiverCode({ subscription }: { subscription: Subscription }) {
  const { data, error, refetch } = useQuery(receiversQuery);
  const [language, setLanguage] = useState<string>();
  const fitting = data && fittingReceivers(data, subscription, location.origin);
  const receivers = fitting?.length === 0 ? data?.withSecret : fitting;
  const shown = receivers?.find((each) => each.language === language) ?? receivers?.[0];
  return (
    <section className={form.section} aria-labelledby="code">
      <h3 id="code">{t("create.code")}</h3>
      <p>{t("create.codeMeaning")}</p>
      {fitting?.length === 0 && (
        <p className={notice.warn}>
          {t("create.codeOfHmac")}{" "}
          <Link to="/subscriptions/new" search={{ id: subscription.id, step: "protection" }}>
            {t("create.codeOthers")}
          </Link>
        </p>
      )}
      {error && <ProblemNotice error={error} again={() => void refetch()} />}
      {receivers && shown && (
        <>
          <label className="field">
            {t("create.language")}
            <select value={shown.language} onChange={({ target }) => setLanguage(target.value)}>
              {receivers.map((each) => (
                <option key={each.language} value={each.language}>
                  {each.language}
                </option>
              ))}
            </select>
          </label>
          {shown.files.map(({ name, text }) => (
            <Block key={`${shown.language}-${name}`} name={name} text={text} />
          ))}
          <Block key={shown.language} name={t("create.run")} text={shown.commands} />
        </>
      )}
    </section>
  );
}

function Block({ name, text }: { name: string; text: string }) {
  const [said, setSaid] = useState("");
  return (
    <div className={styles.block}>
      <div className="row">
        <strong>{name}</strong>
        <button type="button" className="button quiet" onClick={() => void copyText(text).then(setSaid)}>
          {t("create.copyBlock", { name })}
        </button>
        <span role="status">{said}</span>
      </div>
      <pre className={form.pem} role="region" aria-label={name} tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}
