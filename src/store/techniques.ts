/**
 * Techniques towards a consumer's endpoint, as they are stored with a subscription: signing, authentication and TLS.
 */

/** One valid HMAC secret. Several are valid while a rotation overlaps. */
export interface SigningSecret {
  /** `whsec_` + base64 of 24 to 64 bytes. Sealed at rest. */
  secret: string;
  createdAt: Date;
  /** No longer signed with from here on. */
  expiresAt?: Date;
}

export const SIGNING_SCHEMES = ["v1", "v1a", "rfc9421"] as const;
export type SigningScheme = (typeof SIGNING_SCHEMES)[number];

/** How requests are signed. `v1` alone when absent. */
export interface Signing {
  /** At least one, each once. */
  schemes: SigningScheme[];
  /** Options of scheme `rfc9421`. ed25519 and sha-256 when absent. */
  rfc9421?: { alg?: "ed25519" | "hmac-sha256"; digest?: "sha-256" | "sha-512" };
}

/**
 * One valid Ed25519 key pair. Several are valid while a rotation overlaps. A subscription has keys exactly while one of
 * its schemes uses them.
 */
export interface SigningKey {
  /** JWK thumbprint of the public key (RFC 7638). */
  kid: string;
  /** 32 bytes in base64url, as `x` of a JWK (RFC 8037). */
  publicKey: string;
  /** The 32 bytes of the seed in base64url, as `d` of a JWK. Sealed at rest. */
  privateKey: string;
  createdAt: Date;
  /** No longer signed with, nor published, from here on. */
  expiresAt?: Date;
}

/** A client of the consumer's own authorization server (RFC 6749, 4.4). */
export interface OAuth2ClientCredentials {
  type: "oauth2";
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  scope?: string | undefined;
  audience?: string | undefined;
  /** How the client proves itself (RFC 6749, 2.3.1). `basic` when absent. */
  clientAuth?: "basic" | "post" | undefined;
  /** PEM. It is trusted for the token URL instead of the public roots. */
  ca?: string | undefined;
}

/** How we prove ourselves beside signature and client certificate. Sealed at rest. */
export type EndpointAuth =
  | { type: "basic"; username: string; password: string }
  | { type: "api_key"; header: string; value: string }
  | OAuth2ClientCredentials;

/** A key that was made for a certificate request, until its certificate comes. Sealed at rest. */
export interface PendingCertificate {
  /** PEM, PKCS #8. It never leaves the service. */
  key: string;
  /** PEM, PKCS #10. */
  request: string;
  createdAt: Date;
}

export interface EndpointTls {
  /** PEM. Certificate chain and key are checked against each other when they are saved. The key is sealed at rest. */
  clientCert?: string;
  clientKey?: string;
  /** PEM. It is trusted instead of the public roots. */
  ca?: string;
  minVersion?: "TLSv1.2" | "TLSv1.3";
}
