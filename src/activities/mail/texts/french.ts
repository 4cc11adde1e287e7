/** The texts of mail in French. */
import { FRENCH_REASONS } from "./french-reasons.js";
import type { MailTexts } from "./mail-texts.js";

export const FRENCH: MailTexts = {
  kinds: {
    "subscription.submitted": "Un abonnement attend votre approbation",
    "subscription.approved": "Un abonnement a été approuvé",
    "subscription.rejected": "Un abonnement a été refusé",
    "subscription.paused": "Un abonnement a été suspendu. Rien n’est perdu : ses livraisons attendent",
    "subscription.failing":
      "Un point de terminaison n’accepte plus les événements. Rien n’est perdu : ses livraisons attendent",
    "subscription.recovered": "Un point de terminaison accepte de nouveau les événements. Ce qui attendait est envoyé",
    "subscription.disabled":
      "Un abonnement a été désactivé. Corrigez le point de terminaison, puis reprenez l’abonnement",
    "subscription.reinstated": "Un abonnement est de nouveau en service. Ce qui attendait est envoyé",
    "delivery.parked": "Un point de terminaison a refusé des livraisons. Cherchez pourquoi, puis renvoyez-les",
    "delivery.exhausted":
      "La dernière tentative de livraisons a échoué. Corrigez le point de terminaison, puis renvoyez-les",
    "certificate.expiring": "Un certificat expire bientôt. Remplacez-le avant son expiration",
    "secret.rotated": "Un secret de signature a été renouvelé. Vérifiez que votre récepteur connaît le nouveau",
    "recovery.finished": "Une reprise est terminée",
    "recovery.waiting": "Une reprise attend l’accord d’une deuxième personne",
    "grant.requested": "Un groupe vous demande une autorisation",
    "grant.approved": "Une autorisation a été accordée",
    "grant.refused": "Une autorisation a été refusée",
    "audit.broken": "Le journal d’audit n’est plus cohérent. Il a peut-être été modifié",
  },
  digest: (notices) => (notices === 1 ? "1 avis de la dernière heure" : `${notices} avis de la dernière heure`),
  times: (count) => `${count} fois`,
  endpoint: "Point de terminaison",
  group: "Groupe",
  reason: "Raison",
  facts: {
    certificate: "Certificat",
    ends: "Expire",
    disables: "Désactivé, si aucune tentative ne réussit avant",
    signsUntil: "L’ancien secret signe aussi jusqu’à",
    grant: "Demandé",
    deliveries: "Livraisons",
    releaseUntil: "Expire sans décision",
    sent: "Renvoyées",
    delivered: "Livrées",
    failedAgain: "De nouveau en échec",
  },
  certificates: {
    client: "certificat client du point de terminaison",
    ca: "autorité qui sert à vérifier le point de terminaison",
    saml: "certificat d’une connexion SAML",
  },
  colon: " : ",
  ranOut: (last) => `Toutes les tentatives sont épuisées. La dernière : ${last}`,
  reasons: FRENCH_REASONS,
  days: (days) => (days <= 0 ? "Il a expiré." : days === 1 ? "Il reste 1 jour." : `Il reste ${days} jours.`),
  more: (lines) => `${lines} de plus dans le portail.`,
  open: "Ouvrir",
  why:
    "Vous recevez ce message parce que votre adresse est un contact d’un point de terminaison, ou parce que vous " +
    "l’avez demandé dans le portail.",
  whyChat:
    "Vous recevez ce message parce qu’un point de terminaison envoie ses avis dans ce canal. " +
    "Cela se change dans ses paramètres.",
  unsubscribe: "Se désabonner",
};
