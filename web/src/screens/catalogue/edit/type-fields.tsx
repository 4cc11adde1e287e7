/** The fields of an event type. */
import { useQuery } from "@tanstack/react-query";
import type { ComponentProps } from "react";
import { eventTypesQuery } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import { TypedFaults } from "../../../parts/faults/typed-faults.js";
import { wallTimeOf, writtenAt } from "../../../time/wall-time.js";
import { useZone } from "../../../time/zone.js";
import styles from "../catalogue.module.css";
import type { JsonPlace, TypeFault, TypeForm } from "./type-form.js";

interface TypeFieldsProps {
  form: TypeForm;
  faults: readonly TypeFault[];
  /** What the API has refused. */
  refused: readonly ApiFault[];
  change: (typed: Partial<TypeForm>) => void;
  /** A new type is not deprecated. */
  isNew?: true;
}

interface ApiFault {
  path: string;
  message: string;
}

/** Whether a fault of the API is shown at its field. */
export const isBesideField = (path: string): boolean => /^(schema|examples\[\d+\])/.test(path);

const MODES = ["off", "warn", "enforce"] as const;
const MOST_EXAMPLES = 10;

export function TypeFields({ form, faults, refused, change, isNew }: TypeFieldsProps) {
  const ofSchema = refused.filter(({ path }) => path.startsWith("schema"));
  return (
    <>
      <label className="field">
        {t("typeEdit.field.description")}
        <textarea
          value={form.description}
          maxLength={2_000}
          onChange={({ target }) => change({ description: target.value })}
        />
      </label>
      <div className="field">
        <label htmlFor="type-schema">{t("typeEdit.schemaLabel")}</label>
        <textarea
          id="type-schema"
          className={styles.source}
          rows={12}
          spellCheck={false}
          value={form.schema}
          aria-invalid={ofSchema.length > 0 || faults.some(({ field }) => field === "schema") || undefined}
          onChange={({ target }) => change({ schema: target.value })}
        />
        {faults.map((each) =>
          each.field === "schema" ? (
            <span key={each.fault} role="alert" className={styles.fault}>
              {t(`typeEdit.fault.${each.fault}`)} <Place at={each.at} />
            </span>
          ) : null,
        )}
        <Refused faults={ofSchema} before="schema" field="type-schema" text={form.schema} />
      </div>
      <label className="field">
        {t("catalogue.validation.title")}
        <select
          value={form.validation}
          onChange={({ target }) => change({ validation: MODES.find((mode) => mode === target.value) ?? "off" })}
        >
          {MODES.map((mode) => (
            <option key={mode} value={mode}>
              {t(`catalogue.validation.${mode}`)}
            </option>
          ))}
        </select>
      </label>
      <ExampleFields form={form} faults={faults} refused={refused} change={change} />
      {!isNew && <DeprecationFields form={form} change={change} />}
    </>
  );
}

function Place({ at }: { at: JsonPlace | undefined }) {
  return at ? <>{t("typeEdit.place", { line: at.line, column: at.column })}</> : null;
}

/** What the API says about one field. Its path begins with the name of the field, which the reader sees anyhow. */
function Refused(props: ComponentProps<typeof TypedFaults>) {
  if (props.faults.length === 0) return null;
  return (
    <div role="alert" className={styles.fault}>
      <TypedFaults {...props} />
    </div>
  );
}

function ExampleFields({ form: { examples }, faults, refused, change }: Omit<TypeFieldsProps, "isNew">) {
  const put = (index: number, text: string) =>
    change({ examples: examples.map((each, at) => (at === index ? text : each)) });
  return (
    <fieldset className={styles.fieldset}>
      <legend>{t("catalogue.examples")}</legend>
      {examples.map((text, index) => {
        const fault = faults.find((each) => each.field === "examples" && each.index === index);
        const ofExample = refused.filter(({ path }) => path.startsWith(`examples[${index}]`));
        return (
          // Examples have no other identity than their place.
          <div key={index} className="field">
            <label htmlFor={`type-example-${index}`}>{t("typeEdit.example", { number: index + 1 })}</label>
            <textarea
              id={`type-example-${index}`}
              className={styles.source}
              rows={6}
              spellCheck={false}
              value={text}
              aria-invalid={fault !== undefined || ofExample.length > 0 || undefined}
              onChange={({ target }) => put(index, target.value)}
            />
            {fault && (
              <span role="alert" className={styles.fault}>
                {t("typeEdit.fault.json")} <Place at={fault.at} />
              </span>
            )}
            <Refused faults={ofExample} before={`examples[${index}]`} field={`type-example-${index}`} text={text} />
            <div className="row">
              <button
                type="button"
                className="button quiet"
                onClick={() => change({ examples: examples.filter((_each, at) => at !== index) })}
              >
                {t("typeEdit.removeExample", { number: index + 1 })}
              </button>
            </div>
          </div>
        );
      })}
      {examples.length < MOST_EXAMPLES && (
        <div className="row">
          <button type="button" className="button quiet" onClick={() => change({ examples: [...examples, ""] })}>
            {t("typeEdit.addExample")}
          </button>
        </div>
      )}
    </fieldset>
  );
}

function DeprecationFields({ form, change }: Pick<TypeFieldsProps, "form" | "change">) {
  const { data: types } = useQuery(eventTypesQuery);
  const isOn = form.deprecatedAt !== "";
  const toggle = (on: boolean) =>
    change({
      deprecatedAt: on ? new Date().toISOString() : "",
      ...(!on && { sunsetAt: "", replacedBy: "", note: "" }),
    });
  return (
    <fieldset className={styles.fieldset}>
      <legend>{t("typeEdit.field.deprecation")}</legend>
      <label className="row">
        <input type="checkbox" checked={isOn} onChange={({ target }) => toggle(target.checked)} />
        {t("typeEdit.deprecated")}
      </label>
      {isOn && (
        <>
          <Instant
            label={t("catalogue.deprecatedSince")}
            value={form.deprecatedAt}
            // Without a time it would not be deprecated any more, so an unfinished one changes nothing.
            change={(deprecatedAt) => deprecatedAt !== "" && change({ deprecatedAt })}
          />
          <Instant label={t("catalogue.sunset")} value={form.sunsetAt} change={(sunsetAt) => change({ sunsetAt })} />
          <label className="field">
            {t("catalogue.replacedBy")}
            <input
              list="type-names"
              value={form.replacedBy}
              maxLength={128}
              onChange={({ target }) => change({ replacedBy: target.value })}
            />
          </label>
          <datalist id="type-names">
            {types?.data.map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <label className="field">
            {t("typeEdit.note")}
            <textarea value={form.note} maxLength={1_000} onChange={({ target }) => change({ note: target.value })} />
          </label>
        </>
      )}
    </fieldset>
  );
}

interface InstantProps {
  label: string;
  value: string;
  change: (instant: string) => void;
}

/** On the clock of the zone that is shown. */
function Instant({ label, value, change }: InstantProps) {
  const zone = useZone();
  return (
    <label className="field">
      {t("typeEdit.inZone", { label, zone })}
      <input
        type="datetime-local"
        step={1}
        value={value === "" ? "" : wallTimeOf(new Date(value), zone)}
        onChange={({ target }) => change(writtenAt(target.value, value, zone))}
      />
    </label>
  );
}
