/** Text of others as rows that are drawn only where they are looked at: never HTML, no link in it is live. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type Ref, type RefObject, useEffect, useEffectEvent, useRef } from "react";
import { Icon } from "../icon.js";
import styles from "./text-viewer.module.css";
import { VisibleText } from "./visible.js";

/** A row that is looked for. If the same one is looked for again, then the viewer is given another object. */
export interface FoundRow {
  row: number;
}

interface TextViewerProps {
  /** For a screen reader. */
  label: string;
  rows: readonly string[];
  /** The row to bring into sight and to mark. */
  found?: FoundRow | undefined;
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
  found: FoundRow | undefined;
}

function AllRows({ rows, found, marks }: RowsProps) {
  const shown = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (found) shown.current?.scrollIntoView({ block: "nearest" });
  }, [found]);
  return rows.map((row, index) => (
    <Row key={index} row={row} mark={marks.get(index)} {...(index === found?.row && { isFound: true, ref: shown })} />
  ));
}

const ROW_PX = 20;
/** Rows that are placed and measured together. To place each of 100,000 rows took 60 ms, twice at each look. */
const IN_BLOCK = 16;

function VirtualRows({ rows, found, marks }: RowsProps) {
  const inner = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: Math.ceil(rows.length / IN_BLOCK),
    getScrollElement: () => inner.current?.parentElement ?? null,
    estimateSize: (block) => ROW_PX * Math.min(IN_BLOCK, rows.length - block * IN_BLOCK),
    overscan: 1,
  });
  useFoundInSight(inner, found, (row) => virtual.getOffsetForIndex(Math.floor(row / IN_BLOCK), "start")?.[0] ?? 0);
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
          {rows.slice(index * IN_BLOCK, (index + 1) * IN_BLOCK).map((row, place) => {
            const at = index * IN_BLOCK + place;
            return <Row key={at} row={row} mark={marks.get(at)} isFound={at === found?.row} />;
          })}
        </div>
      ))}
    </div>
  );
}

/** Frames in which the blocks around a found row are drawn and measured. Each of them may push the row away again. */
const SETTLES_WITHIN = 20;

/** Scrolls to where the found row will be drawn, and to the row itself once it is there. */
function useFoundInSight(
  inner: RefObject<HTMLDivElement | null>,
  found: FoundRow | undefined,
  offsetOf: (row: number) => number,
): void {
  const drawn = () => inner.current?.querySelector("[data-found]");
  const begin = useEffectEvent(({ row }: FoundRow) => {
    if (!(drawn() instanceof Element)) inner.current?.parentElement?.scrollTo({ top: offsetOf(row) });
  });
  const bring = useEffectEvent(() => drawn()?.scrollIntoView({ block: "nearest" }));
  useEffect(() => {
    if (!found) return undefined;
    begin(found);
    let frame = 0;
    // It ends soon, so that a person who scrolls on is not held back.
    const settle = (left: number): void => {
      bring();
      if (left > 0) frame = requestAnimationFrame(() => settle(left - 1));
    };
    settle(SETTLES_WITHIN);
    return () => cancelAnimationFrame(frame);
  }, [found]);
}

interface RowProps {
  row: string;
  mark: string | undefined;
  isFound?: boolean;
  ref?: Ref<HTMLDivElement>;
}

function Row({ row, mark, isFound = false, ref }: RowProps) {
  return (
    <div
      ref={ref}
      data-found={isFound || undefined}
      className={`${(isFound ? styles.found : styles.row) ?? ""} ${mark ? (styles.marked ?? "") : ""}`}
    >
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
