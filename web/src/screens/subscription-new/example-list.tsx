/** What an event of a type looks like. */
import { t } from "../../i18n/index.js";
import { TextViewer } from "../../parts/text/text-viewer.js";
import { rowsOf } from "../../parts/text/visible-text.js";
import styles from "./new-subscription.module.css";

interface ExampleListProps {
  name: string;
  description: string | undefined;
  examples: readonly unknown[] | undefined;
}

export function ExampleList({ name, description, examples }: ExampleListProps) {
  return (
    <details>
      <summary>{t("create.exampleOf", { name })}</summary>
      <div className={styles.examples}>
        {description !== undefined && <p>{description}</p>}
        {examples === undefined && <p className="quiet">{t("create.noExample")}</p>}
        {examples?.map((example, index) => (
          <TextViewer
            // Examples have no other identity than their place.
            key={index}
            label={t("create.exampleNumber", { name, number: index + 1 })}
            rows={rowsOf(JSON.stringify(example, undefined, 2))}
          />
        ))}
      </div>
    </details>
  );
}
