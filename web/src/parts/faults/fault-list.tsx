/** What a schema finds fault with in a payload. Each fault leads to its line. */
import { t } from "../../i18n/index.js";
import notice from "../notice.module.css";
import { Icon } from "../icon.js";
import { VisibleText } from "../text/visible.js";
import { type PlacedFault, sentenceOf } from "./marked-rows.js";
import type { PayloadLook } from "./queries.js";

interface FaultListProps {
  eventType: string;
  look: PayloadLook;
  faults: readonly PlacedFault[];
  /** The id of the region in which the lines are. */
  region: string;
  show: (row: number) => void;
}

export function FaultList({ eventType, look: { version, newest, mayBeMore }, faults, region, show }: FaultListProps) {
  const of = { type: eventType, number: version };
  const schema = newest ? t("faults.newest", of) : t("faults.earlier", of);
  if (faults.length === 0) return <p className="quiet">{t("faults.none", { schema })}</p>;
  return (
    <section className={notice.warn} aria-label={t("faults.title")}>
      <p className={notice.title}>
        <Icon name="spent" /> {t("faults.some", { schema, count: faults.length })}
      </p>
      {mayBeMore && <p>{t("faults.first", { count: faults.length })}</p>}
      <ul>
        {faults.map((fault, index) => (
          // The same place may break two rules with the same words.
          <li key={index}>
            <a
              href={`#${region}`}
              onClick={(event) => {
                event.preventDefault();
                show(fault.row);
              }}
            >
              {t("faults.line", { number: fault.row + 1 })}
            </a>
            {": "}
            <bdi>
              <VisibleText text={sentenceOf(fault)} />
            </bdi>
          </li>
        ))}
      </ul>
    </section>
  );
}
