/** Text of others as rows that are drawn only where they are looked at: never HTML, no link in it is live. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useRef } from "react";
import styles from "./text-viewer.module.css";
import { VisibleText } from "./visible.js";

interface TextViewerProps {
  /** For a screen reader. */
  label: string;
  rows: readonly string[];
  /** The row to bring into sight and to mark. */
  found?: number | undefined;
  /** Hexadecimal: rows are not broken. */
  fixed?: boolean;
}

/** Few rows are drawn whole, so that the browser's own search and selection work on all of them. */
const DRAWN_WHOLE = 400;

export function TextViewer({ label, rows, found, fixed = false }: TextViewerProps) {
  const className = `${styles.viewer ?? ""} ${fixed ? (styles.fixed ?? "") : ""}`;
  return (
    // Of another kind of rows the heights differ, so nothing of the former ones is kept (`key`).
    // A region that scrolls must be reached by keyboard (WCAG 2.2, 2.1.1).
    <div className={className} role="region" aria-label={label} tabIndex={0} key={String(fixed)}>
      {rows.length > DRAWN_WHOLE ? (
        <VirtualRows rows={rows} found={found} />
      ) : (
        rows.map((row, index) => <Row key={index} row={row} isFound={index === found} />)
      )}
    </div>
  );
}

const ROW_PX = 20;

function VirtualRows({ rows, found }: { rows: readonly string[]; found: number | undefined }) {
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
          <Row row={rows[index] ?? ""} isFound={index === found} />
        </div>
      ))}
    </div>
  );
}

function Row({ row, isFound }: { row: string; isFound: boolean }) {
  return (
    <div className={isFound ? styles.found : styles.row}>
      <VisibleText text={row} />
      {row === "" && "\u00a0"}
    </div>
  );
}
