/** A button that opens something small below itself. Escape and a click elsewhere close it. */
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import styles from "./popup.module.css";

interface PopupProps {
  /** On the button. */
  label: string;
  /** The id of what says more about the button. */
  describedBy?: string;
  /** At the right edge of the page, so it opens to the left. */
  atEnd?: boolean;
  children: ReactNode;
}

export function Popup({ label, describedBy, atEnd = false, children }: PopupProps) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const elsewhere = ({ target }: Event): void => {
      const { current } = details;
      if (current?.open && target instanceof Node && !current.contains(target)) current.open = false;
    };
    for (const name of ["pointerdown", "focusin"]) document.addEventListener(name, elsewhere);
    return () => {
      for (const name of ["pointerdown", "focusin"]) document.removeEventListener(name, elsewhere);
    };
  }, []);
  const close = (event: KeyboardEvent) => {
    const { current } = details;
    if (event.key !== "Escape" || !current?.open) return;
    event.preventDefault();
    current.open = false;
    current.querySelector("summary")?.focus();
  };
  return (
    <details ref={details} className={styles.popup} data-end={atEnd || undefined} onKeyDown={close}>
      <summary className="button quiet" aria-describedby={describedBy}>
        {label}
      </summary>
      <div className={styles.content}>{children}</div>
    </details>
  );
}
