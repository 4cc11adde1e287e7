/** The last step: the receiver, the verification, the approval, and into service. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import notice from "../../parts/notice.module.css";
import { useLiveSubscription } from "../../parts/subscription/live.js";
import type { Subscription } from "../../parts/subscription/model.js";
import { meaningOf, SubscriptionStatusText } from "../../parts/subscription/state-text.js";
import { isSignedBySecret } from "../../parts/subscription/techniques.js";
import { SubscriptionActs } from "../subscription/acts/subscription-acts.js";
import { RotateDialog } from "../subscription/security/rotate-dialog.js";
import { ReceiverCode } from "./receiver-code.js";
import styles from "./new-subscription.module.css";

interface FinishStepProps {
  subscription: Subscription;
  back: () => void;
}

export function FinishStep({ subscription, back }: FinishStepProps) {
  const me = useMe();
  // The provider approves it meanwhile.
  const leaving = useLiveSubscription(subscription.id);
  const [rotating, setRotating] = useState(false);
  const { id, signing, status, statusReason } = subscription;
  return (
    <>
      <section className={notice.info} aria-label={t("subscriptions.column.status")}>
        <p className="row">
          <SubscriptionStatusText subscription={subscription} /> {meaningOf(subscription)}
        </p>
        {statusReason !== undefined && <p>{statusReason}</p>}
        <SubscriptionActs subscription={subscription} me={me} leaving={leaving} />
        {status === "active" && (
          <p>
            <Link to="/deliveries" search={{ subscription: id }}>
              {t("create.watch")}
            </Link>
          </p>
        )}
      </section>
      <ReceiverCode subscription={subscription} />
      <div className={styles.after}>
        {isSignedBySecret(signing) && (
          <button type="button" className="button quiet" onClick={() => setRotating(true)}>
            {t("create.secretLost")}
          </button>
        )}
        <button type="button" className="button quiet" onClick={back}>
          {t("create.back")}
        </button>
      </div>
      {rotating && <RotateDialog what="secret" subscription={subscription} close={() => setRotating(false)} />}
    </>
  );
}
