import { afterEach, beforeAll } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { type Sender, type SendRequest, createSender } from "../../src/endpoint/send.js";
import type { EndpointTls } from "../../src/store/model.js";
import {
  type CertificateAuthority,
  type IssuedCertificate,
  createCertificateAuthority,
} from "../support/certificates.js";
import { type Receiver, type ReceiverOptions, startReceiver } from "../support/receiver.js";

export let authority: CertificateAuthority;
export let stranger: CertificateAuthority;
export let server: IssuedCertificate;
export let client: IssuedCertificate;

const closers: (() => Promise<void>)[] = [];
export const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
  closers.push(() => thing.close());
  return thing;
};
export const newSender = (): Sender =>
  kept(createSender({ guard: createGuard({ allowLocal: true }), connectTimeoutMs: 400 }));
export const request = (
  url: string,
  tls: EndpointTls = { ca: authority.ca },
  over: Partial<SendRequest> = {},
): SendRequest => ({
  identity: { subscriptionId: "sub_1", url, tls, version: 1 },
  headers: { "content-type": "application/json" },
  body: Buffer.from("{}"),
  timeoutMs: 20_000,
  ...over,
});
export const tlsReceiver = async (tls: Partial<NonNullable<ReceiverOptions["tls"]>> = {}): Promise<Receiver> =>
  kept(await startReceiver({ tls: { ...server, ...tls } }));
export const outcome = async (url: string, tls?: EndpointTls, over?: Partial<SendRequest>) =>
  classify(await newSender().send(request(url, tls, over)), Date.now());

/** What each of the files needs that begin with `send-tls`: call it once at the top. */
export function setUpSendTls(): void {
  beforeAll(async () => {
    [authority, stranger] = await Promise.all([
      createCertificateAuthority({ commonName: "Ours" }),
      createCertificateAuthority({ commonName: "Stranger" }),
    ]);
    [server, client] = await Promise.all([
      authority.issue(),
      authority.issue({ usage: "client", commonName: "sealpost" }),
    ]);
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
}
