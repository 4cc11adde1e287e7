/** What every screen stands in: one first heading, which has the focus after a navigation, and the window's title. */
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../i18n/index.js";
import styles from "./page.module.css";

/** Where the last screen stood, and whether that was ever another one than the one that was loaded. */
let last: string | undefined;
let hasMoved = false;

/** What is loaded leaves the focus to the browser, also if it is drawn a second time once it is known. */
function isNavigation(): boolean {
  const { pathname } = window.location;
  hasMoved ||= last !== undefined && last !== pathname;
  last = pathname;
  return hasMoved;
}

interface PageProps {
  title: string;
  /** Beside the heading. */
  beside?: ReactNode;
  children: ReactNode;
}

export function Page({ title, beside, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = t("app.newTitle", { title });
  }, [title]);
  useEffect(() => {
    if (isNavigation()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <div className={styles.head}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {beside}
      </div>
      {children}
    </>
  );
}
