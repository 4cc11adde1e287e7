/** In what two states of an event type differ, field by field. */
import type { ReactNode } from "react";
import { t } from "../../../i18n/index.js";
import { TimeText } from "../../../parts/time-text.js";
import { SchemaChanges } from "../versions.js";
import styles from "../catalogue.module.css";
import type { TypeContent, TypeField } from "./type-content.js";

interface ContentDifferenceProps {
  fields: readonly TypeField[];
  /** Absent where the whole of it is too long for an answer. */
  before?: TypeContent | undefined;
  after?: TypeContent | undefined;
}

export function ContentDifference({ fields, before, after }: ContentDifferenceProps) {
  return (
    <dl className={`facts ${styles.difference ?? ""}`}>
      {fields.map((field) => (
        <div key={field} style={{ display: "contents" }}>
          <dt>{t(`typeEdit.field.${field}`)}</dt>
          <dd>{after ? <Change field={field} before={before ?? {}} after={after} /> : t("typeEdit.tooLong")}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ChangeProps {
  field: TypeField;
  before: TypeContent;
  after: TypeContent;
}

function Change({ field, before, after }: ChangeProps) {
  if (field === "schema") return <SchemaChange before={before.schema} after={after.schema} />;
  const shown = { description: Description, examples: Examples, validation: Validation, deprecation: Deprecation };
  const Shown = shown[field];
  return (
    <>
      <Side word={t("typeEdit.before")}>
        <Shown content={before} />
      </Side>
      <Side word={t("typeEdit.after")}>
        <Shown content={after} />
      </Side>
    </>
  );
}

function Side({ word, children }: { word: string; children: ReactNode }) {
  return (
    <div>
      <span className="quiet">{word}</span> {children}
    </div>
  );
}

function SchemaChange({ before, after }: { before: TypeContent["schema"]; after: TypeContent["schema"] }) {
  if (!after) return <>{t("typeEdit.schemaRemoved")}</>;
  return (
    <>
      {!before && <p>{t("typeEdit.schemaAdded")}</p>}
      <SchemaChanges before={before} after={after} nothing={t("typeEdit.noMember")} />
    </>
  );
}

interface ContentProps {
  content: TypeContent;
}

const Description = ({ content: { description } }: ContentProps) => description ?? t("typeEdit.none");

function Examples({ content: { examples } }: ContentProps) {
  if (!examples) return t("typeEdit.none");
  return (
    <details>
      <summary>{t("typeEdit.examples", { count: examples.length })}</summary>
      <pre className={styles.source}>{examples.map((each) => JSON.stringify(each, undefined, 2)).join("\n\n")}</pre>
    </details>
  );
}

const Validation = ({ content: { validation = "off" } }: ContentProps) => t(`catalogue.validation.${validation}`);

function Deprecation({ content: { deprecation } }: ContentProps) {
  if (!deprecation) return t("typeEdit.notDeprecated");
  const { at, sunsetAt, replacedBy, note } = deprecation;
  return (
    <>
      {t("catalogue.deprecatedSince")} <TimeText at={at} />
      {sunsetAt !== undefined && (
        <>
          {". "}
          {t("catalogue.sunset")} <TimeText at={sunsetAt} />
        </>
      )}
      {replacedBy !== undefined && (
        <>
          {". "}
          {t("catalogue.replacedBy")} {replacedBy}
        </>
      )}
      {note !== undefined && <p>{note}</p>}
    </>
  );
}
