/** All activities of a worker: `createActivities(dependencies)`. */
import type { Activities } from "../workflows/contract.js";
import type { RetentionActivities } from "../workflows/retention/retention-contract.js";
import type { ChatActivities } from "../workflows/chat/chat-contract.js";
import type { MailActivities } from "../workflows/mail/mail-contract.js";
import type { NoticesActivities } from "../workflows/notices/notices-contract.js";
import type { RecoveryActivities } from "../workflows/recovery/recovery-contract.js";
import type { BreakerActivities } from "../workflows/breaker/breaker-contract.js";
import { type BreakerDependencies, createBreakerActivities } from "./breaker/breaker-activities.js";
import { createAttempt } from "./retry-attempts.js";
import type { AttemptDependencies } from "./retry-run.js";
import { createDispatch, type DispatchDependencies } from "./dispatch.js";
import type { RecoverDependencies } from "./recovery/recovery-step.js";
import { createRecover } from "./recover.js";
import { createSendChat, type SendChatDependencies } from "./chat/send-chat.js";
import { createSendMail, type SendMailDependencies } from "./mail/send-mail.js";
import { createTellNotices, type TellNoticesDependencies } from "./notices/tell-notices.js";
import { createRetention, type RetentionDependencies } from "./retention/retain.js";

export type ActivityDependencies = DispatchDependencies &
  AttemptDependencies &
  RecoverDependencies & {
    retention?: RetentionDependencies;
    notices?: TellNoticesDependencies;
    breakers?: Omit<BreakerDependencies, keyof AttemptDependencies>;
    mail?: SendMailDependencies;
    chat?: SendChatDependencies;
  };

/** The activities, closed over what they need. */
export const createActivities = (
  dependencies: ActivityDependencies,
): Activities &
  RecoveryActivities &
  Partial<RetentionActivities & NoticesActivities & MailActivities & ChatActivities & BreakerActivities> => ({
  ...createDispatch(dependencies),
  ...createAttempt(dependencies),
  ...createRecover(dependencies),
  ...(dependencies.mail && createSendMail(dependencies.mail)),
  ...(dependencies.chat && createSendChat(dependencies.chat)),
  ...(dependencies.notices && createTellNotices(dependencies.notices)),
  ...(dependencies.breakers && createBreakerActivities({ ...dependencies, ...dependencies.breakers })),
  ...(dependencies.retention && createRetention(dependencies.retention)),
});
