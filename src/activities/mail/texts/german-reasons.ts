/** The reasons that the service writes, in German. */
import type { ReasonTexts } from "./reason-texts.js";

export const GERMAN_REASONS: ReasonTexts = {
  outcomes: {
    delivered: "Der Endpunkt hat das Ereignis angenommen.",
    http_408: "Der Endpunkt meldet, dass die Anfrage zu lange gedauert hat.",
    http_421: "Der Endpunkt meldet, dass diese Verbindung die falsche ist. Der nächste Versuch öffnet eine neue.",
    http_425: "Der Endpunkt wollte die Anfrage nicht so früh in der Verbindung.",
    http_429: "Der Endpunkt bekommt zu viele Anfragen.",
    http_4xx_later:
      "Der Endpunkt hat das Ereignis jetzt nicht angenommen: Er nennt einen späteren Zeitpunkt oder war beschäftigt.",
    http_5xx: "Im Endpunkt ist ein Fehler aufgetreten.",
    http_unknown_status: "Der Endpunkt hat mit einem Status geantwortet, den HTTP nicht kennt.",
    http_4xx: "Der Endpunkt hat das Ereignis abgelehnt.",
    redirect_not_followed: "Der Endpunkt hat mit einer Weiterleitung geantwortet. Webhooks werden nie weitergeleitet.",
    http_410: "Der Endpunkt meldet, dass es ihn nicht mehr gibt.",
    timeout_connect: "In der erlaubten Zeit kam keine Verbindung oder kein TLS-Handshake zustande.",
    timeout_headers: "Der Endpunkt hat in der erlaubten Zeit nicht geantwortet.",
    connection_refused: "An dieser Adresse und diesem Port nimmt nichts Verbindungen an.",
    connection_reset: "Die Verbindung wurde zurückgesetzt.",
    connection_closed: "Die Verbindung wurde ohne Antwort geschlossen.",
    connection_failed: "Es kam keine Verbindung zustande.",
    response_headers_too_large: "Die Kopfzeilen der Antwort sind größer als 16 KiB.",
    protocol_error: "Die Antwort war kein gültiges HTTP/1.1 oder brach in den Kopfzeilen ab.",
    dns_not_found: "Den Hostnamen gibt es nicht, oder er hat keine Adresse.",
    dns_temporary: "Der Nameserver für den Host hat versagt.",
    dns_timeout: "Der Hostname wurde nicht rechtzeitig aufgelöst.",
    destination_blocked: "Der Hostname führt zu einer Adresse, die nicht öffentlich ist. Es wurde nichts gesendet.",
    destination_own: "Der Hostname führt zu diesem Dienst selbst. Es wurde nichts gesendet.",
    tls_name_mismatch:
      "Das Zertifikat des Endpunkts gilt für einen anderen Hostnamen, oder der Endpunkt kennt den Hostnamen nicht.",
    tls_untrusted: "Das Zertifikat des Endpunkts stammt von keiner vertrauenswürdigen Zertifizierungsstelle.",
    tls_expired: "Das Zertifikat des Endpunkts ist abgelaufen oder noch nicht gültig.",
    tls_protocol: "Es gibt keine gemeinsame TLS-Version oder Chiffre, oder der Endpunkt spricht kein TLS.",
    tls_handshake_closed: "Der Endpunkt hat die Verbindung während des TLS-Handshakes geschlossen.",
    mtls_rejected:
      "Der Endpunkt hat unser Client-Zertifikat abgelehnt, oder er verlangt eines, und keines ist gespeichert.",
    mtls_possibly_rejected:
      "Der Endpunkt hat eine neue Verbindung mit TLS 1.3 ohne Antwort geschlossen: Vielleicht hat er unser " +
      "Client-Zertifikat abgelehnt.",
    client_certificate_mismatch: "Der gespeicherte Client-Schlüssel gehört nicht zum Client-Zertifikat.",
    client_certificate_invalid:
      "Das gespeicherte Client-Zertifikat, sein Schlüssel oder die Zertifizierungsstelle ist nicht lesbar.",
    filter_failed:
      "Der Filter des Abonnements konnte nicht entscheiden, ob er das Ereignis will. Es wurde nichts gesendet.",
    target_refused: "Die URL des Abonnements darf nicht aufgerufen werden.",
    request_invalid: "Die Anfrage lässt sich nicht schreiben: Eine Kopfzeile enthält Zeichen, die HTTP nicht erlaubt.",
    oauth_token_unavailable:
      "Der Autorisierungsserver hat kein Zugriffstoken gegeben. An den Endpunkt wurde nichts gesendet.",
    oauth_client_refused:
      "Der Autorisierungsserver hat den Client des Abonnements abgelehnt. An den Endpunkt wurde nichts gesendet.",
    oauth_token_url_refused: "Die Token-URL des Abonnements darf nicht aufgerufen werden.",
    timeout_total:
      "Die Anfrage hat auf eine Verbindung gewartet und wurde nicht gesendet. Frühere Anfragen an den Endpunkt haben " +
      "alle belegt.",
    resolver_unavailable: "Unser eigener Nameserver hat nicht geantwortet. Kein Hostname ließ sich auflösen.",
    sockets_exhausted: "Uns sind die Verbindungen ausgegangen.",
    resources_exhausted: "Uns sind Speicher, Ports oder Dateideskriptoren ausgegangen.",
    interrupted: "Wir haben angehalten, bevor der Versuch zu Ende war.",
    internal_error: "Bei uns ist ein unerwarteter Fehler aufgetreten.",
  },
  service: {
    tried_first:
      "Es war deaktiviert und wurde fortgesetzt. Eine Zustellung geht voraus und zeigt, ob der Endpunkt antwortet.",
    further_types: "Es fragt nach weiteren Ereignistypen.",
    automatic: "Für seine APIs ist die Freigabe automatisch.",
    audit_fault:
      "Eine Prüfung hat einen Fehler gefunden. Führen Sie npm run audit:verify aus, und vergleichen Sie mit einer " +
      "Kopie, die anderswo liegt.",
  },
  counted: {
    none_succeeded: (attempts, minutes) =>
      `Keiner der letzten ${attempts} Versuche war erfolgreich, über ${minutes} Minuten hinweg.`,
    few_succeeded: (succeeded, attempts) =>
      `Nur ${succeeded} der letzten ${attempts} Versuche waren erfolgreich, innerhalb von 15 Minuten.`,
    days_without: (days) =>
      `Seit ${days === "1" ? "1 Tag" : `${days} Tagen`} war kein Versuch erfolgreich. ` +
      "Den Endpunkt gibt es anscheinend nicht mehr.",
    recovery_cancelled: (unsent, open) =>
      `Abgebrochen. ${unsent} gelesene wurden nicht gesendet, und ${open} schon übergebene laufen weiter.`,
  },
};
