/** What a list has found that is not shown, because it would move the rows. A press shows it. */
import type { ReactNode } from "react";
import styles from "./fresh-rows.module.css";

interface FreshRowsProps {
  /** What was found, in words. Absent when there is nothing. */
  children?: ReactNode;
  show: () => void;
}

export function FreshRows({ children, show }: FreshRowsProps) {
  return (
    <div role="status">
      {children !== undefined && (
        <button type="button" className={styles.fresh} onClick={show}>
          {children}
        </button>
      )}
    </div>
  );
}
