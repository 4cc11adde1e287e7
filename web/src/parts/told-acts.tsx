/** What was done with one object, by whom and when. Of another party one learns the role alone. */
import type { Role } from "../api/queries.js";
import { t } from "../i18n/index.js";
import { ActorNames } from "./actor-names.js";
import { VisibleText } from "./text/visible.js";
import { TimeText } from "./time-text.js";
import styles from "./told-acts.module.css";

interface Done<A extends string> {
  at: string;
  act: A;
  by?: string;
  name?: string;
  role?: Role;
  reason?: string;
  /** Names of the settings that were changed. */
  fields?: readonly string[];
  /** What they were and what they became. Secrets are not among them, nor are settings of older changes. */
  values?: readonly SettingValue[];
}

interface SettingValue {
  field: string;
  before?: string;
  after?: string;
  /** Its values may be secrets. */
  hidden?: true;
}

interface ToldActsProps<A extends string> {
  acts: readonly Done<A>[];
  /** What stands between the time and who it was. */
  words: (act: A) => string;
}

export function ToldActs<A extends string>({ acts, words }: ToldActsProps<A>) {
  return (
    <ol className={styles.acts}>
      {acts.map((done) => (
        <li key={`${done.at} ${done.act}`}>
          <TimeText at={done.at} /> {words(done.act)} <Who done={done} />
          {done.fields && <span className="quiet">: {done.fields.join(", ")}</span>}
          {done.values && <SettingValues values={done.values} />}
          {done.reason !== undefined && <p className="quiet">{done.reason}</p>}
        </li>
      ))}
    </ol>
  );
}

function Who({ done: { by, name, role } }: { done: Done<string> }) {
  const inRole = role && t(`roles.${role}`);
  if (by === undefined) return <>{inRole ?? t("acts.another")}</>;
  return (
    <>
      <ActorNames actors={[{ id: by, name }]} /> {inRole !== undefined && <span className="quiet">({inRole})</span>}
    </>
  );
}

/** Each value before and after. People write them, so each has a direction of its own. */
export function SettingValues({ values }: { values: readonly SettingValue[] }) {
  return (
    <dl className={styles.values}>
      {values.map((value) => (
        <div key={value.field}>
          <dt>{value.field}</dt>
          <dd>{value.hidden ? t("settings.changed") : <BeforeAndAfter {...value} />}</dd>
        </div>
      ))}
    </dl>
  );
}

function BeforeAndAfter({ before, after }: SettingValue) {
  return (
    <>
      <bdi>{before === undefined ? t("account.none") : <VisibleText text={before} />}</bdi>
      <span aria-hidden="true"> → </span>
      <span className="unseen">{t("acts.became")}</span>
      <bdi>{after === undefined ? t("account.none") : <VisibleText text={after} />}</bdi>
    </>
  );
}
