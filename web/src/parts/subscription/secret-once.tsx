/** A secret that is shown this once. It is held by the calling part alone, and gone when that leaves. */
import { useState } from "react";
import { t } from "../../i18n/index.js";
import { copied } from "../copy.js";
import notice from "../notice.module.css";
import styles from "./secret-once.module.css";
import { UnstoredGuard } from "./unstored.js";

interface SecretOnceProps {
  secret: string;
  /** Of the file to download. */
  fileName: string;
  /** On the button that goes on. */
  goOn: string;
  stored: () => void;
}

export function SecretOnce({ secret, fileName, goOn, stored }: SecretOnceProps) {
  const [said, setSaid] = useState("");
  const [isStored, setStored] = useState(false);
  const [isTaken, setTaken] = useState(false);
  const take = async (): Promise<void> => {
    const copy = await copied(secret);
    setSaid(copy.said);
    if (copy.isCopied) setTaken(true);
  };
  const download = () => {
    saveText(`${secret}\n`, fileName);
    setTaken(true);
  };
  return (
    <section className={notice.warn} aria-label={t("secret.title")}>
      <UnstoredGuard isShown={!isTaken && !isStored} />
      <p className={notice.title}>{t("secret.title")}</p>
      <p>{t("secret.once")}</p>
      <code className={styles.secret} data-secret>
        {secret}
      </code>
      <div className="row">
        <button type="button" className="button quiet" onClick={() => void take()}>
          {t("secret.copy")}
        </button>
        <button type="button" className="button quiet" onClick={download}>
          {t("secret.download")}
        </button>
        <span role="status">{said}</span>
      </div>
      <label className="row">
        <input type="checkbox" checked={isStored} onChange={({ target }) => setStored(target.checked)} />
        {t("secret.stored")}
      </label>
      <button type="button" className="button" disabled={!isStored} onClick={stored}>
        {goOn}
      </button>
    </section>
  );
}

/** Always as a file, never as a page. */
export function saveText(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
