/** A dialog over the page. React Aria keeps the focus in it and gives it back afterwards. */
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { t } from "../i18n/index.js";
import { Icon } from "./icon.js";
import styles from "./dialog.module.css";

interface DialogProps {
  title: string;
  /** Whether it asks before something is done: then a click beside it does not close it. */
  asks?: boolean;
  /** Whether it shows what is shown only once: then nothing closes it but its own button. */
  stays?: boolean;
  close: () => void;
  children: ReactNode;
}

export function Dialog({ title, asks = false, stays = false, close, children }: DialogProps) {
  return (
    <ModalOverlay
      isOpen
      isDismissable={!asks && !stays}
      isKeyboardDismissDisabled={stays}
      onOpenChange={(open) => !open && close()}
      className={styles.over ?? ""}
    >
      <Modal className={styles.modal ?? ""}>
        <AriaDialog role={asks ? "alertdialog" : "dialog"} className={styles.dialog ?? ""}>
          <div className={styles.head}>
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {!stays && (
              <button type="button" className={styles.close} onClick={close} aria-label={t("act.close")}>
                <Icon name="close" />
              </button>
            )}
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
