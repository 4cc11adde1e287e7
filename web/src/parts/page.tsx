/** What every screen stands in: one first heading, which has the focus after a navigation, and the window's title. */
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../i18n/index.js";
import styles from "./page.module.css";

/** The first screen after a load leaves the focus to the browser. */
let isFirst = true;

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
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
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
