/** Headers with names and values of the consumer's own. A saved value is never shown, so a change gives all anew. */
import { t } from "../../../i18n/index.js";
import styles from "../subscription.module.css";
import type { OwnHeader } from "./protection.js";

interface OwnHeadersProps {
  /** Names that are saved now. */
  saved: readonly string[];
  rows: readonly OwnHeader[] | undefined;
  change: (rows: readonly OwnHeader[] | undefined) => void;
}

/** As many as the API takes. */
const MOST = 20;

export function OwnHeaders({ saved, rows, change }: OwnHeadersProps) {
  const changed = (at: number, part: Partial<OwnHeader>) =>
    change(rows?.map((row, index) => (index === at ? { ...row, ...part } : row)));
  return (
    <fieldset>
      <legend>{t("protection.headers")}</legend>
      {rows === undefined && <p>{savedWords(saved)}</p>}
      {rows !== undefined && saved.length > 0 && (
        <p className="quiet">{t("protection.headersReplaced", { names: saved.join(", ") })}</p>
      )}
      {rows?.map((row, index) => (
        // A row has no other identity than its place.
        <div key={index} className={styles.pair}>
          <HeaderFields row={row} number={index + 1} changed={(part) => changed(index, part)} />
          <div className="row">
            <button
              type="button"
              className="button quiet"
              onClick={() => change(rows.filter((_, place) => place !== index))}
            >
              {t("protection.headerRemove", { number: index + 1 })}
            </button>
          </div>
        </div>
      ))}
      <div className="row">
        {(rows?.length ?? 0) < MOST && (
          <button
            type="button"
            className="button quiet"
            onClick={() => change([...(rows ?? []), { name: "", value: "" }])}
          >
            {t("protection.headerAdd")}
          </button>
        )}
        {saved.length > 0 && rows === undefined && (
          <button type="button" className="button quiet" onClick={() => change([])}>
            {t("protection.headersNone")}
          </button>
        )}
        {rows !== undefined && (
          <button type="button" className="button quiet" onClick={() => change(undefined)}>
            {t("protection.headersKeep")}
          </button>
        )}
      </div>
    </fieldset>
  );
}

interface HeaderFieldsProps {
  row: OwnHeader;
  number: number;
  changed: (part: Partial<OwnHeader>) => void;
}

function HeaderFields({ row, number, changed }: HeaderFieldsProps) {
  return (
    <>
      <label className="field">
        {t("protection.headerName", { number })}
        <input
          value={row.name}
          required
          spellCheck={false}
          autoComplete="off"
          onChange={({ target }) => changed({ name: target.value })}
        />
      </label>
      <label className="field">
        {t("protection.headerValue", { number })}
        <input
          type="password"
          value={row.value}
          required
          autoComplete="off"
          onChange={({ target }) => changed({ value: target.value })}
        />
      </label>
    </>
  );
}

const savedWords = (saved: readonly string[]): string =>
  saved.length === 0 ? t("protection.noHeaders") : t("security.headers", { names: saved.join(", ") });
