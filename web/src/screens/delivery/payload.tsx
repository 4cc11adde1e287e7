/** The payload as text: readable, as sent, or as bytes. It is never drawn as HTML. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { t } from "../../i18n/index.js";
import { FaultList } from "../../parts/faults/fault-list.js";
import { marksOf, placeFaults } from "../../parts/faults/marked-rows.js";
import { payloadLookQuery } from "../../parts/faults/queries.js";
import { prettyJson } from "../../parts/json-text.js";
import { TextViewer } from "../../parts/text/text-viewer.js";
import { hexRows, rowsOf } from "../../parts/text/visible-text.js";
import styles from "./delivery.module.css";
import type { Delivery } from "./queries.js";

const VIEWS = ["pretty", "raw", "hex"] as const;
type View = (typeof VIEWS)[number];
type Given = NonNullable<Delivery["payload"]>;

export function Payload({ delivery }: { delivery: Delivery }) {
  const { payload } = delivery;
  return (
    <section className={styles.section} aria-labelledby="payload">
      <h2 id="payload">{t("delivery.payload.title")}</h2>
      {payload ? (
        <Shown payload={payload} delivery={delivery} />
      ) : (
        <p className="quiet">{t("delivery.payload.none")}</p>
      )}
    </section>
  );
}

interface ShownProps {
  payload: Given;
  delivery: Delivery;
}

function Shown({ payload, delivery }: ShownProps) {
  const views = VIEWS.filter((view) => isOffered(view, payload));
  const [view, setView] = useState<View>(views[0] ?? "hex");
  const bytes = useMemo(() => bytesOf(payload), [payload]);
  const text = useMemo(() => textIn(view, payload), [view, payload]);
  const rows = useMemo(() => (text === undefined ? hexRows(bytes) : rowsOf(text)), [text, bytes]);
  const [shown, show] = useState<number>();
  const search = useRowSearch(rows, () => show(undefined));
  const faults = useFaults(delivery, payload, { text, rows, show });
  const change = (next: View) => {
    show(undefined);
    setView(next);
  };
  return (
    <>
      <div className={styles.tools}>
        <fieldset className={styles.views}>
          <legend className="unseen">{t("delivery.payload.as")}</legend>
          {views.map((each) => (
            <label key={each}>
              <input type="radio" name="payload-view" checked={view === each} onChange={() => change(each)} />
              {t(`delivery.payload.view.${each}`)}
            </label>
          ))}
        </fieldset>
        <span className="quiet">
          {payload.contentType} · {t("delivery.payload.bytes", { count: bytes.length })}
        </span>
        {search.form}
        <button
          type="button"
          className="button quiet"
          onClick={() => download(bytes, payload.contentType, delivery.eventId)}
        >
          {t("delivery.payload.download")}
        </button>
      </div>
      {faults.list}
      <TextViewer
        id={REGION}
        label={t("delivery.payload.text")}
        rows={rows}
        found={shown ?? search.found}
        marks={faults.marks}
        fixed={view === "hex"}
      />
    </>
  );
}

const REGION = "payload-text";

/** What the schema does not allow, beside the rows and as links to them. Bytes have no lines to mark. */
function useFaults(
  { id, eventType, createdAt }: Delivery,
  payload: Given,
  { text, rows, show }: { text: string | undefined; rows: readonly string[]; show: (row?: number) => void },
) {
  const { data: look, error } = useQuery(payloadLookQuery({ id, eventType, payload, at: createdAt }));
  const placed = useMemo(
    () =>
      look && text !== undefined ? placeFaults({ text, rows, contentType: payload.contentType }, look.faults) : [],
    [look, text, rows, payload],
  );
  const marks = useMemo(() => marksOf(placed), [placed]);
  const list = look && text !== undefined && (
    <FaultList
      eventType={eventType}
      look={look}
      faults={placed}
      region={REGION}
      show={(row) => {
        // A second press on the same link leads there again.
        flushSync(() => show(undefined));
        show(row);
        document.getElementById(REGION)?.focus();
      }}
    />
  );
  return { marks, list: error ? <p className="quiet">{t("faults.unknown")}</p> : list };
}

const isJson = ({ contentType }: Given): boolean => /[/+]json\b/i.test(contentType);

const isOffered = (view: View, payload: Given): boolean =>
  view === "hex" || (payload.encoding === "utf8" && (view === "raw" || isJson(payload)));

/** Undefined for bytes. */
const textIn = (view: View, { body }: Given): string | undefined =>
  view === "hex" ? undefined : view === "pretty" ? prettyJson(body) : body;

const bytesOf = ({ body, encoding }: Given): Uint8Array<ArrayBuffer> =>
  encoding === "utf8" ? new TextEncoder().encode(body) : Uint8Array.from(atob(body), (each) => each.charCodeAt(0));

/** Finds the rows that hold a text, one after another. */
function useRowSearch(rows: readonly string[], looks: () => void) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const hits = useMemo(() => {
    const wanted = text.toLowerCase();
    return wanted === "" ? [] : rows.flatMap((row, index) => (row.toLowerCase().includes(wanted) ? [index] : []));
  }, [rows, text]);
  const current = hits.length === 0 ? undefined : at % hits.length;
  const form = (
    <form
      role="search"
      aria-label={t("delivery.payload.search")}
      className={styles.search}
      onSubmit={(event) => {
        event.preventDefault();
        looks();
        setAt((before) => before + 1);
      }}
    >
      <input
        type="search"
        aria-label={t("delivery.payload.search")}
        placeholder={t("delivery.payload.search")}
        value={text}
        onChange={(event) => {
          looks();
          setText(event.target.value);
          setAt(0);
        }}
      />
      <span role="status" className="quiet">
        {text !== "" &&
          (current === undefined
            ? t("delivery.payload.notFound")
            : t("delivery.payload.found", { number: current + 1, count: hits.length }))}
      </span>
    </form>
  );
  return { form, found: current === undefined ? undefined : hits[current] };
}

/** Always as a file: a browser must not open content of others as a page of this origin. */
function download(bytes: Uint8Array<ArrayBuffer>, contentType: string, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name.replaceAll(/[^\w.-]/g, "_")}.${/json/i.test(contentType) ? "json" : "bin"}`;
  link.click();
  URL.revokeObjectURL(url);
}
