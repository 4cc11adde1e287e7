/** Text of others as rows that are drawn only where they are looked at: never HTML, no link in it is live. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type Ref, useEffect, useEffectEvent, useRef } from "react";
import { Icon } from "../icon.js";
import styles from "./text-viewer.module.css";
import { VisibleText } from "./visible.js";

interface TextViewerProps {
  /** For a screen reader. */
  label: string;
  rows: readonly string[];
  /** The row to bring into sight and to mark. */
  found?: number | undefined;
  /** What is wrong in a row, said beside it. */
  marks?: ReadonlyMap<number, string>;
  /** Of the region, for links into it. */
  id?: string;
  /** Hexadecimal: rows are not broken. */
  fixed?: boolean;
}

/** Few rows are drawn whole, so that the browser's own search and selection work on all of them. */
const DRAWN_WHOLE = 400;

const NOTHING: ReadonlyMap<number, string> = new Map();

export function TextViewer({ label, rows, found, marks = NOTHING, id, fixed = false }: TextViewerProps) {
  const className = `${styles.viewer ?? ""} ${fixed ? (styles.fixed ?? "") : ""}`;
  return (
    // Of another kind of rows the heights differ, so nothing of the former ones is kept (`key`).
    // A region that scrolls must be reached by keyboard (WCAG 2.2, 2.1.1).
    <div className={className} role="region" aria-label={label} tabIndex={0} key={String(fixed)} id={id}>
      {rows.length > DRAWN_WHOLE ? (
        <VirtualRows rows={rows} found={found} marks={marks} />
      ) : (
        <AllRows rows={rows} found={found} marks={marks} />
      )}
    </div>
  );
}

interface RowsProps extends Required<Pick<TextViewerProps, "rows" | "marks">> {
  found: number | undefined;
}

function AllRows({ rows, found, marks }: RowsProps) {
  const shown = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (found !== undefined) shown.current?.scrollIntoView({ block: "nearest" });
  }, [found]);
  return rows.map((row, index) => (
    <Row key={index} row={row} mark={marks.get(index)} {...(index === found && { isFound: true, ref: shown })} />
  ));
}

const ROW_PX = 20;

function VirtualRows({ rows, found, marks }: RowsProps) {
  const inner = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => inner.current?.parentElement ?? null,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  const scrollTo = useEffectEvent((row: number) => virtual.scrollToIndex(row, { align: "center" }));
  useEffect(() => {
    if (found !== undefined) scrollTo(found);
  }, [found]);
  return (
    <div ref={inner} style={{ height: virtual.getTotalSize(), position: "relative" }}>
      {virtual.getVirtualItems().map(({ index, start, key }) => (
        <div
          key={key}
          data-index={index}
          ref={virtual.measureElement}
          className={styles.placed}
          style={{ transform: `translateY(${start}px)` }}
        >
          <Row row={rows[index] ?? ""} mark={marks.get(index)} isFound={index === found} />
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  row: string;
  mark: string | undefined;
  isFound?: boolean;
  ref?: Ref<HTMLDivElement>;
}

function Row({ row, mark, isFound = false, ref }: RowProps) {
  return (
    <div ref={ref} className={`${(isFound ? styles.found : styles.row) ?? ""} ${mark ? (styles.marked ?? "") : ""}`}>
      <VisibleText text={row} />
      {row === "" && "\u00a0"}
      {mark !== undefined && (
        <span className={styles.mark}>
          <Icon name="spent" /> <VisibleText text={mark} />
        </span>
      )}
    </div>
  );
}
