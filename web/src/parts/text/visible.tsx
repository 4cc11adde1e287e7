/** Text of others within a line: each character that cannot be seen stands there by its name. */
import { t } from "../../i18n/index.js";
import styles from "./text-viewer.module.css";
import { piecesOf } from "./visible-text.js";

export function VisibleText({ text }: { text: string }) {
  return piecesOf(text).map((piece, index) =>
    piece.hidden ? (
      <span key={index} className={styles.hidden} title={t("text.hidden", { name: piece.text })}>
        {piece.text}
      </span>
    ) : (
      piece.text
    ),
  );
}
