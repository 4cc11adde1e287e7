/** The payload as text: readable, as sent, or as bytes. It is never drawn as HTML. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import type { Schemas } from "../../api/client.js";
import { t } from "../../i18n/index.js";
import { FaultList } from "../faults/fault-list.js";
import { marksOf, placeFaults } from "../faults/marked-rows.js";
import { payloadLookQuery } from "../faults/queries.js";
import { prettyJson } from "../json-text.js";
import { type FoundRow, TextViewer } from "../text/text-viewer.js";
import { hexRows, rowsOf } from "../text/visible-text.js";
import styles from "./payload.module.css";
import { useRowSearch } from "./row-search.js";

const VIEWS = ["pretty", "raw", "hex"] as const;
type View = (typeof VIEWS)[number];
type Given = Schemas["Payload"];

/** Whose payload it is. */
export interface PayloadOwner {
  /** Of the delivery or of the event. */
  id: string;
  eventId: string;
  eventType: string;
  /** When it was published. The version of the schema is meant that was the newest then. */
  at: string;
}

/** Without a payload it says why none is there. */
export function Payload({ payload, owner }: { payload: Given | undefined; owner: PayloadOwner }) {
  return (
    <section className={styles.section} aria-labelledby="payload">
      <h2 id="payload">{t("payload.title")}</h2>
      {payload ? <Shown payload={payload} owner={owner} /> : <p className="quiet">{t("payload.none")}</p>}
    </section>
  );
}

interface ShownProps {
  payload: Given;
  owner: PayloadOwner;
}

function Shown({ payload, owner }: ShownProps) {
  const views = VIEWS.filter((view) => isOffered(view, payload));
  const [view, setView] = useState<View>(views[0] ?? "hex");
  // The rest of the page, and the press on a view, are answered first. Of a megabyte the rows take a moment.
  const drawn = useDeferredValue<View | "none">(view, "none");
  const bytes = useMemo(() => bytesOf(payload), [payload]);
  const text = useMemo(() => (drawn === "none" ? "" : textIn(drawn, payload)), [drawn, payload]);
  const rows = useMemo(() => (text === undefined ? hexRows(bytes) : rowsOf(text)), [text, bytes]);
  const [shown, show] = useState<FoundRow>();
  const search = useRowSearch(rows, () => show(undefined));
  const faults = useFaults(owner, payload, { text: drawn === "none" ? undefined : text, rows, show });
  const change = (next: View) => {
    show(undefined);
    setView(next);
  };
  return (
    <>
      <div className={styles.tools}>
        <fieldset className={styles.views}>
          <legend className="unseen">{t("payload.as")}</legend>
          {views.map((each) => (
            <label key={each}>
              <input type="radio" name="payload-view" checked={view === each} onChange={() => change(each)} />
              {t(`payload.view.${each}`)}
            </label>
          ))}
        </fieldset>
        <span className="quiet">
          {payload.contentType} · {t("payload.bytes", { count: bytes.length })}
        </span>
        {search.form}
        <button
          type="button"
          className="button quiet"
          onClick={() => download(bytes, payload.contentType, owner.eventId)}
        >
          {t("payload.download")}
        </button>
      </div>
      {faults.list}
      <TextViewer
        id={REGION}
        label={t("payload.text")}
        rows={rows}
        found={shown ?? search.found}
        marks={faults.marks}
        fixed={drawn === "hex"}
      />
    </>
  );
}

const REGION = "payload-text";

/** What the schema does not allow, beside the rows and as links to them. Bytes have no lines to mark. */
function useFaults(
  { id, eventType, at }: PayloadOwner,
  payload: Given,
  { text, rows, show }: { text: string | undefined; rows: readonly string[]; show: (found: FoundRow) => void },
) {
  const { data: look, error } = useQuery(payloadLookQuery({ id, eventType, payload, at }));
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
        show({ row });
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

/** Always as a file: a browser must not open content of others as a page of this origin. */
function download(bytes: Uint8Array<ArrayBuffer>, contentType: string, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name.replaceAll(/[^\w.-]/g, "_")}.${/json/i.test(contentType) ? "json" : "bin"}`;
  link.click();
  URL.revokeObjectURL(url);
}
