/** The texts of mail in German. */
import { GERMAN_REASONS } from "./german-reasons.js";
import type { MailTexts } from "./mail-texts.js";

export const GERMAN: MailTexts = {
  kinds: {
    "subscription.submitted": "Ein Abonnement wartet auf Ihre Freigabe",
    "subscription.approved": "Ein Abonnement wurde freigegeben",
    "subscription.rejected": "Ein Abonnement wurde abgelehnt",
    "subscription.paused": "Ein Abonnement wurde angehalten. Nichts geht verloren: Die Zustellungen warten",
    "subscription.failing": "Ein Endpunkt nimmt keine Ereignisse an. Nichts geht verloren: Die Zustellungen warten",
    "subscription.recovered": "Ein Endpunkt nimmt wieder Ereignisse an. Was gewartet hat, wird gesendet",
    "subscription.disabled":
      "Ein Abonnement wurde deaktiviert. Beheben Sie den Fehler am Endpunkt und setzen Sie es dann fort",
    "subscription.reinstated": "Ein Abonnement ist wieder in Betrieb. Was gewartet hat, wird gesendet",
    "delivery.parked": "Ein Endpunkt hat Zustellungen abgelehnt. Sehen Sie nach, warum, und senden Sie sie dann erneut",
    "delivery.exhausted":
      "Der letzte Versuch von Zustellungen ist gescheitert. Beheben Sie den Fehler und senden Sie sie dann erneut",
    "certificate.expiring": "Ein Zertifikat läuft bald ab. Ersetzen Sie es vorher",
    "secret.rotated": "Ein Signaturgeheimnis wurde erneuert. Ihr Empfänger muss das neue kennen",
    "recovery.finished": "Eine Wiederherstellung ist beendet",
    "recovery.waiting": "Eine Wiederherstellung wartet auf die Freigabe durch eine zweite Person",
    "grant.requested": "Eine Gruppe bittet Sie um eine Berechtigung",
    "grant.approved": "Eine Berechtigung wurde erteilt",
    "grant.refused": "Eine Berechtigung wurde abgelehnt",
    "audit.broken": "Das Prüfprotokoll ist nicht mehr stimmig. Es könnte verändert worden sein",
  },
  digest: (notices) =>
    notices === 1 ? "1 Meldung aus der letzten Stunde" : `${notices} Meldungen aus der letzten Stunde`,
  times: (count) => `${count}-mal`,
  endpoint: "Endpunkt",
  group: "Gruppe",
  reason: "Grund",
  facts: {
    certificate: "Zertifikat",
    ends: "Läuft ab",
    disables: "Wird deaktiviert, falls vorher kein Versuch gelingt",
    signsUntil: "Das bisherige Geheimnis signiert mit bis",
    grant: "Erbeten",
    deliveries: "Zustellungen",
    releaseUntil: "Verfällt ohne Entscheidung",
    sent: "Erneut gesendet",
    delivered: "Zugestellt",
    failedAgain: "Wieder gescheitert",
  },
  certificates: {
    client: "Client-Zertifikat des Endpunkts",
    ca: "Zertifizierungsstelle, mit der der Endpunkt geprüft wird",
    saml: "Zertifikat einer SAML-Verbindung",
  },
  colon: ": ",
  ranOut: (last) => `Alle Versuche sind verbraucht. Zuletzt: ${last}`,
  reasons: GERMAN_REASONS,
  days: (days) =>
    days <= 0 ? "Es ist abgelaufen." : days === 1 ? "Es bleibt noch 1 Tag." : `Es bleiben noch ${days} Tage.`,
  more: (lines) => `${lines} weitere im Portal.`,
  open: "Öffnen",
  why:
    "Sie erhalten diese E-Mail, weil Ihre Adresse ein Kontakt eines Endpunkts ist, oder weil Sie im Portal " +
    "darum gebeten haben.",
  whyChat:
    "Sie erhalten diese Nachricht, weil ein Endpunkt diesen Kanal für seine Meldungen hat. " +
    "Das lässt sich in seinen Einstellungen ändern.",
  unsubscribe: "Abbestellen",
};
