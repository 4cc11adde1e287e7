/** The file of what a list is filtered by: the API writes it, and the browser saves it. */
import { t } from "../../i18n/index.js";
import { Popup } from "../popup.js";

export type ExportFormat = "csv" | "jsonl";

interface ExportMenuProps {
  address: (format: ExportFormat) => string;
  /** What the file leaves out. */
  limit: string;
  /** On the button, where a page has several lists. */
  label?: string;
  /** At the right edge of the page. */
  atEnd?: boolean;
}

export function ExportMenu({ address, limit, label = t("deliveries.export"), atEnd = false }: ExportMenuProps) {
  return (
    <Popup label={label} atEnd={atEnd}>
      <a href={address("csv")} download>
        {t("deliveries.exportCsv")}
      </a>
      <a href={address("jsonl")} download>
        {t("deliveries.exportLines")}
      </a>
      <p className="quiet">{limit}</p>
    </Popup>
  );
}
