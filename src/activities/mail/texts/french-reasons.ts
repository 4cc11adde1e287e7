/** The reasons that the service writes, in French. */
import type { ReasonTexts } from "./reason-texts.js";

export const FRENCH_REASONS: ReasonTexts = {
  outcomes: {
    delivered: "Le point de terminaison a accepté l’événement.",
    http_408: "Le point de terminaison indique que la requête a pris trop de temps.",
    http_421:
      "Le point de terminaison indique que cette connexion n’est pas la bonne. La prochaine en ouvre une autre.",
    http_425: "Le point de terminaison ne voulait pas la requête si tôt dans la connexion.",
    http_429: "Le point de terminaison reçoit trop de requêtes.",
    http_4xx_later:
      "Le point de terminaison n’a pas accepté l’événement maintenant : il indique quand revenir, ou il était occupé.",
    http_5xx: "Une erreur s’est produite dans le point de terminaison.",
    http_unknown_status: "Le point de terminaison a répondu par un statut que HTTP ne définit pas.",
    http_4xx: "Le point de terminaison a refusé l’événement.",
    redirect_not_followed:
      "Le point de terminaison a répondu par une redirection. Les webhooks ne sont jamais redirigés.",
    http_410: "Le point de terminaison indique qu’il n’existe plus.",
    timeout_connect: "Aucune connexion, ou aucune négociation TLS, dans le temps imparti.",
    timeout_headers: "Le point de terminaison n’a pas répondu dans le temps imparti.",
    connection_refused: "Rien n’accepte de connexions à cette adresse et sur ce port.",
    connection_reset: "La connexion a été réinitialisée.",
    connection_closed: "La connexion a été fermée sans réponse.",
    connection_failed: "Aucune connexion n’a pu être établie.",
    response_headers_too_large: "Les en-têtes de la réponse dépassent 16 Kio.",
    protocol_error: "La réponse n’était pas du HTTP/1.1 valide, ou s’est interrompue dans ses en-têtes.",
    dns_not_found: "Le nom d’hôte n’existe pas ou n’a pas d’adresse.",
    dns_temporary: "Le serveur de noms de l’hôte a échoué.",
    dns_timeout: "Le nom d’hôte n’a pas été résolu à temps.",
    destination_blocked: "Le nom d’hôte mène à une adresse qui n’est pas publique. Rien n’a été envoyé.",
    destination_own: "Le nom d’hôte mène à ce service lui-même. Rien n’a été envoyé.",
    tls_name_mismatch:
      "Le certificat du point de terminaison est pour un autre nom d’hôte, ou le point de terminaison ne connaît pas " +
      "le nom d’hôte.",
    tls_untrusted: "Le certificat du point de terminaison ne vient pas d’une autorité de confiance.",
    tls_expired: "Le certificat du point de terminaison a expiré ou n’est pas encore valable.",
    tls_protocol: "Aucune version de TLS ni aucun chiffrement en commun, ou le point de terminaison ne parle pas TLS.",
    tls_handshake_closed: "Le point de terminaison a fermé la connexion pendant la négociation TLS.",
    mtls_rejected:
      "Le point de terminaison a refusé notre certificat client, ou en exige un, et aucun n’est enregistré.",
    mtls_possibly_rejected:
      "Le point de terminaison a fermé une nouvelle connexion TLS 1.3 sans réponse : il a peut-être refusé notre " +
      "certificat client.",
    client_certificate_mismatch: "La clé client enregistrée ne correspond pas au certificat client.",
    client_certificate_invalid: "Le certificat client, sa clé ou l’autorité enregistrés ne peuvent pas être lus.",
    filter_failed: "Le filtre de l’abonnement n’a pas pu dire s’il veut l’événement. Rien n’a été envoyé.",
    target_refused: "L’URL de l’abonnement ne peut pas être appelée.",
    request_invalid: "La requête ne peut pas être écrite : un en-tête contient des caractères que HTTP n’autorise pas.",
    oauth_token_unavailable:
      "Le serveur d’autorisation n’a pas donné de jeton. Rien n’a été envoyé au point de terminaison.",
    oauth_client_refused:
      "Le serveur d’autorisation a refusé le client de l’abonnement. Rien n’a été envoyé au point de terminaison.",
    oauth_token_url_refused: "L’URL de jeton de l’abonnement ne peut pas être appelée.",
    timeout_total:
      "La requête a attendu une connexion et n’a pas été envoyée. Les requêtes précédentes vers le point de " +
      "terminaison les occupaient toutes.",
    resolver_unavailable: "Notre propre serveur de noms n’a pas répondu. Aucun nom d’hôte n’a pu être résolu.",
    sockets_exhausted: "Nous n’avons plus de connexions.",
    resources_exhausted: "Nous n’avons plus de mémoire, de ports ou de descripteurs de fichiers.",
    interrupted: "Nous nous sommes arrêtés avant la fin de la tentative.",
    internal_error: "Une erreur imprévue s’est produite chez nous.",
  },
  service: {
    tried_first:
      "Il était désactivé et a été repris. Une livraison part d’abord, pour voir si le point de terminaison répond.",
    further_types: "Il demande d’autres types d’événements.",
    automatic: "L’approbation est automatique pour ses API.",
    audit_fault:
      "Une vérification a trouvé une erreur. Exécutez npm run audit:verify, et comparez avec une copie conservée " +
      "ailleurs.",
  },
  counted: {
    none_succeeded: (attempts, minutes) =>
      `Aucune des ${attempts} dernières tentatives n’a réussi, pendant ${minutes} minutes.`,
    few_succeeded: (succeeded, attempts) =>
      `Seules ${succeeded} des ${attempts} dernières tentatives ont réussi, en 15 minutes.`,
    days_without: (days) =>
      `Aucune tentative n’a réussi depuis ${days === "1" ? "1 jour" : `${days} jours`}. ` +
      "Le point de terminaison semble ne plus exister.",
    recovery_cancelled: (unsent, open) =>
      `Annulée. ${unsent} livraisons lues n’ont pas été envoyées, et ${open} déjà remises continuent.`,
  },
};
