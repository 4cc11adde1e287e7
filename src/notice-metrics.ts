/** The metrics of notices, of mail and of messages to chat channels. */
import { Counter, Gauge, type Registry } from "prom-client";

/** What may become of a mail, or of a message to a chat channel. */
export const MAIL_RESULTS = ["sent", "deferred", "refused", "stopped", "limited"] as const;

/** They are part of metrics.ts. Every counter is there with 0 from the start. */
export function noticeMetrics(registers: Registry[]) {
  const metrics = {
    noticesWaiting: new Gauge({
      name: "sealpost_notices_waiting",
      help: "Notices in the outbox that are not told yet",
      registers,
    }),
    noticesTold: new Counter<"as">({
      name: "sealpost_notices_told_total",
      help: "Notices that were told, by what they became: an event, or nothing because nobody takes it",
      labelNames: ["as"],
      registers,
    }),
    mailsWaiting: new Gauge({
      name: "sealpost_mail_waiting",
      help: "Lines of mail that are not sent yet, digests of this hour included",
      registers,
    }),
    mails: new Counter<"result">({
      name: "sealpost_mail_total",
      help: "Mails by what became of them: sent, deferred, refused, stopped by the reader, limited",
      labelNames: ["result"],
      registers,
    }),
    chatsWaiting: new Gauge({
      name: "sealpost_chat_waiting",
      help: "Lines for chat channels that are not sent yet, digests of this hour included",
      registers,
    }),
    chats: new Counter<"result">({
      name: "sealpost_chat_total",
      help: "Messages to chat channels by what became of them: sent, deferred, refused, stopped, limited",
      labelNames: ["result"],
      registers,
    }),
  };
  for (const as of ["event", "nothing"]) metrics.noticesTold.inc({ as }, 0);
  for (const result of MAIL_RESULTS) {
    metrics.mails.inc({ result }, 0);
    metrics.chats.inc({ result }, 0);
  }
  return metrics;
}
