/** All workflows. The bundle is made from this file. */
export { deliverEvent, deliverPage } from "./deliver-event.js";
export { retryDelivery } from "./retry-delivery.js";
export { tokenBucket } from "./token-bucket.js";
export { recovery } from "./recovery.js";
export { mail } from "./mail/mail.js";
export { chat } from "./chat/chat.js";
export { notices } from "./notices/notices.js";
export { breaker } from "./breaker/breaker.js";
export { retention } from "./retention/retention.js";
