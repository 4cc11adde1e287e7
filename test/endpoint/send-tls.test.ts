/** TLS against real servers, with certificates made for the occasion: every row of the table of TLS failures. */
import type net from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { type Sender, type SendRequest, createSender } from "../../src/endpoint/send.js";
import type { EndpointTls } from "../../src/store/model.js";
import {
  type CertificateAuthority,
  type IssuedCertificate,
  createCertificateAuthority,
} from "../support/certificates.js";
import { startHostileReceiver } from "../support/hostile-receiver.js";
import { type Receiver, type ReceiverOptions, startReceiver } from "../support/receiver.js";
import { stubResolver } from "../support/resolver.js";

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let server: IssuedCertificate;
let client: IssuedCertificate;
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

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
  closers.push(() => thing.close());
  return thing;
};
const newSender = (): Sender => kept(createSender({ guard: createGuard({ allowLocal: true }), connectTimeoutMs: 400 }));
const request = (
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
const tlsReceiver = async (tls: Partial<NonNullable<ReceiverOptions["tls"]>> = {}): Promise<Receiver> =>
  kept(await startReceiver({ tls: { ...server, ...tls } }));
const withClient = (certificate: IssuedCertificate, more: EndpointTls = {}): EndpointTls => ({
  ca: authority.ca,
  clientCert: certificate.cert,
  clientKey: certificate.key,
  ...more,
});
const outcome = async (url: string, tls?: EndpointTls, over?: Partial<SendRequest>) =>
  classify(await newSender().send(request(url, tls, over)), Date.now());

describe("the endpoint's certificate", () => {
  test("of a private authority is accepted when that is saved, over TLS 1.3", async () => {
    const receiver = await tlsReceiver();
    expect(await newSender().send(request(receiver.url))).toMatchObject({
      kind: "response",
      status: 204,
      tlsProtocol: "TLSv1.3",
      clientCertificateSent: false,
    });
  });

  test("for another name", async () => {
    const receiver = await tlsReceiver(await authority.issue({ names: ["other.example.com"] }));
    expect(await outcome(receiver.url)).toMatchObject({ class: "retry", code: "tls_name_mismatch" });
    expect(receiver.requests).toHaveLength(0);
  });

  test("P3: is checked against the host of the URL, not against the pinned address", async () => {
    const host = "hooks.example.com";
    const guard = createGuard({ allowLocal: true, resolve: stubResolver({ [host]: [["127.0.0.1"]] }).resolve });
    const right = await tlsReceiver(await authority.issue({ names: [host], addresses: [] }));
    const wrong = await tlsReceiver();
    const sender = kept(createSender({ guard }));
    const send = (port: number) =>
      sender.send(
        request(`https://${host}:${port}/`, undefined, {
          identity: {
            subscriptionId: `sub_${port}`,
            url: `https://${host}:${port}/`,
            tls: { ca: authority.ca },
            version: 1,
          },
        }),
      );
    expect((await send(right.port)).kind).toBe("response");
    expect(classify(await send(wrong.port), Date.now()).code).toBe("tls_name_mismatch");
  });

  test("for an address, when the URL has one", async () => {
    const receiver = await tlsReceiver();
    expect(await outcome(`https://127.0.0.1:${receiver.port}/`)).toMatchObject({ class: "delivered" });
    const nameOnly = await tlsReceiver(await authority.issue({ addresses: [] }));
    expect(await outcome(`https://127.0.0.1:${nameOnly.port}/`)).toMatchObject({ code: "tls_name_mismatch" });
  });

  test.each([
    ["of an unknown authority", () => stranger.ca],
    ["of a private authority, against the public roots", () => undefined],
  ])("%s", async (_name, ca) => {
    const receiver = await tlsReceiver();
    const trusted = ca();
    expect(await outcome(receiver.url, trusted === undefined ? {} : { ca: trusted })).toMatchObject({
      class: "retry",
      code: "tls_untrusted",
    });
  });

  test("with its untrusted authority sent along", async () => {
    const receiver = await tlsReceiver({ cert: server.cert + authority.ca });
    expect(await outcome(receiver.url, {})).toMatchObject({ class: "retry", code: "tls_untrusted" });
  });

  test("signed by itself", async () => {
    const self = await createCertificateAuthority({ commonName: "localhost", names: ["localhost"] });
    const receiver = await tlsReceiver({ cert: self.ca, key: self.key });
    expect(await outcome(receiver.url, {})).toMatchObject({ class: "retry", code: "tls_untrusted" });
    expect(await outcome(receiver.url, { ca: self.ca })).toMatchObject({ class: "delivered" });
  });

  test("expired", async () => {
    const receiver = await tlsReceiver(await authority.issue({ expired: true }));
    expect(await outcome(receiver.url)).toMatchObject({ class: "retry", code: "tls_expired" });
  });

  test("not valid yet", async () => {
    const receiver = await tlsReceiver(await authority.issue({ notBefore: new Date(Date.now() + 86_400_000) }));
    expect(await outcome(receiver.url)).toMatchObject({ class: "retry", code: "tls_expired" });
  });
});

describe("the handshake", () => {
  test("TLS 1.2 alone is refused, and accepted by choice", async () => {
    const receiver = await tlsReceiver({ maxVersion: "TLSv1.2" });
    expect(await outcome(receiver.url)).toMatchObject({ class: "retry", code: "tls_protocol" });
    expect(await newSender().send(request(receiver.url, { ca: authority.ca, minVersion: "TLSv1.2" }))).toMatchObject({
      kind: "response",
      tlsProtocol: "TLSv1.2",
    });
  });

  test("TLS 1.1 alone is refused even so", async () => {
    const receiver = kept(
      await startHostileReceiver({
        tls: { ...server, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
      }),
    );
    expect(await outcome(receiver.url, { ca: authority.ca, minVersion: "TLSv1.2" })).toMatchObject({
      class: "retry",
      code: "tls_protocol",
    });
  });

  test("plain HTTP on the port", async () => {
    const receiver = kept(await startReceiver());
    expect(await outcome(`https://localhost:${receiver.port}/`)).toMatchObject({
      class: "retry",
      code: "tls_protocol",
    });
  });

  test("silence", async () => {
    const receiver = kept(await startHostileReceiver({}));
    expect(await outcome(`https://127.0.0.1:${receiver.port}/`)).toMatchObject({
      class: "retry",
      code: "timeout_connect",
    });
    expect(await outcome(`https://127.0.0.1:${receiver.port}/`, undefined, { timeoutMs: 100 })).toMatchObject({
      class: "retry",
      code: "timeout_connect",
    });
  });

  test.each([
    ["closed", (socket: net.Socket) => void socket.end()],
    ["reset", (socket: net.Socket) => void socket.resetAndDestroy()],
  ])("%s", async (_name, end) => {
    const receiver = kept(
      await startHostileReceiver({ onConnection: (socket) => socket.once("data", () => end(socket)) }),
    );
    expect(await outcome(`https://127.0.0.1:${receiver.port}/`)).toMatchObject({
      class: "retry",
      code: "tls_handshake_closed",
    });
  });

  test("offers HTTP/1.1 alone and names the host", async () => {
    let offered: string | false | null = null;
    let name: string | false | undefined;
    const receiver = kept(
      await startHostileReceiver({
        tls: {
          ...server,
          ALPNProtocols: ["h2", "http/1.1"],
          SNICallback: (servername, done) => {
            name = servername;
            done(null);
          },
        },
        onRequest: (socket) => {
          offered = (socket as unknown as { alpnProtocol: string | false | null }).alpnProtocol;
          socket.write("HTTP/1.1 204 No Content\r\n\r\n");
        },
      }),
    );
    expect(await outcome(receiver.url)).toMatchObject({ class: "delivered" });
    expect([offered, name]).toEqual(["http/1.1", "localhost"]);
  });
});

describe("the client certificate", () => {
  test("is presented and recorded", async () => {
    const receiver = await tlsReceiver({ clientCa: authority.ca });
    expect(await newSender().send(request(receiver.url, withClient(client)))).toMatchObject({
      kind: "response",
      status: 204,
      clientCertificateSent: true,
      tlsProtocol: "TLSv1.3",
    });
    expect(receiver.requests[0]).toMatchObject({ clientCertificate: { commonName: "sealpost" } });
  });

  const REJECTED: [string, () => Promise<EndpointTls>][] = [
    ["of an unknown authority", async () => withClient(await stranger.issue({ usage: "client" }))],
    ["expired", async () => withClient(await authority.issue({ usage: "client", expired: true }))],
    ["of the wrong usage", async () => withClient(await authority.issue({ usage: "server" }))],
  ];
  // Node as a server looks at the certificate only after the handshake: under TLS 1.2 it then closes just before the
  // client is done.
  test.each(REJECTED)("%s: refused without saying so", async (_name, tls) => {
    const modern = await tlsReceiver({ clientCa: authority.ca });
    expect(await outcome(modern.url, await tls())).toMatchObject({ class: "retry", code: "mtls_possibly_rejected" });
    const old = await tlsReceiver({ clientCa: authority.ca, maxVersion: "TLSv1.2" });
    expect(await outcome(old.url, { ...(await tls()), minVersion: "TLSv1.2" })).toMatchObject({
      class: "retry",
      code: expect.stringMatching(/^(tls_handshake_closed|mtls_rejected)$/) as string,
    });
    expect([modern.requests.length, old.requests.length]).toEqual([0, 0]);
  });

  // Servers on OpenSSL or Go send an alert; the description is its last byte (RFC 8446, section 6).
  test.each([
    [40, "handshake_failure", "mtls_rejected"],
    [42, "bad_certificate", "mtls_rejected"],
    [43, "unsupported_certificate", "mtls_rejected"],
    [44, "certificate_revoked", "mtls_rejected"],
    [45, "certificate_expired", "mtls_rejected"],
    [46, "certificate_unknown", "mtls_rejected"],
    [48, "unknown_ca", "mtls_rejected"],
    [49, "access_denied", "mtls_rejected"],
    [116, "certificate_required", "mtls_rejected"],
    [70, "protocol_version", "tls_protocol"],
    [80, "internal_error", "tls_protocol"],
    [112, "unrecognized_name", "tls_name_mismatch"],
  ])("alert %i, %s: %s", async (description, _name, code) => {
    const receiver = kept(
      await startHostileReceiver({
        onConnection: (socket) =>
          socket.once("data", () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, description]))),
      }),
    );
    expect(
      await outcome(`https://localhost:${receiver.port}/`, withClient(client, { minVersion: "TLSv1.2" })),
    ).toMatchObject({ class: "retry", code });
  });

  test("missing: closed under TLS 1.3, refused under TLS 1.2", async () => {
    const modern = await tlsReceiver({ clientCa: authority.ca });
    expect(await outcome(modern.url)).toMatchObject({
      class: "retry",
      code: expect.stringMatching(/^(connection_closed|connection_reset|mtls_rejected)$/) as string,
    });
    const old = await tlsReceiver({ clientCa: authority.ca, maxVersion: "TLSv1.2" });
    expect(await outcome(old.url, { ca: authority.ca, minVersion: "TLSv1.2" })).toMatchObject({
      class: "retry",
      code: "mtls_rejected",
    });
  });

  test("a later crash on the same connection is not taken for a rejection", async () => {
    let requests = 0;
    const receiver = kept(
      await startHostileReceiver({
        tls: { ...server, requestCert: true, ca: authority.ca },
        onRequest: (socket) => void (++requests === 1 ? socket.write("HTTP/1.1 204 No Content\r\n\r\n") : socket.end()),
      }),
    );
    const sender = kept(createSender({ guard: createGuard({ allowLocal: true }), connections: 1 }));
    expect((await sender.send(request(receiver.url, withClient(client)))).kind).toBe("response");
    const second = await sender.send(request(receiver.url, withClient(client)));
    expect([second.freshSocket, classify(second, Date.now()).code]).toEqual([false, "connection_closed"]);
  });

  test("whose key is another's, or which is none, is our configuration's fault", async () => {
    const receiver = await tlsReceiver({ clientCa: authority.ca });
    expect(await outcome(receiver.url, withClient({ cert: client.cert, key: server.key }))).toEqual({
      class: "park",
      code: "client_certificate_mismatch",
    });
    expect(await outcome(receiver.url, withClient({ cert: "nonsense", key: client.key }))).toEqual({
      class: "park",
      code: "client_certificate_invalid",
    });
    expect(receiver.connections).toBe(0);
  });

  test("a new one counts from the next attempt, and no TLS session of the old one is resumed", async () => {
    const receiver = await tlsReceiver({ clientCa: authority.ca });
    const sender = newSender();
    const next = await authority.issue({ usage: "client", commonName: "sealpost-next" });
    const send = (certificate: IssuedCertificate, version: number) =>
      sender.send(
        request(receiver.url, undefined, {
          identity: { subscriptionId: "sub_1", url: receiver.url, tls: withClient(certificate), version },
        }),
      );
    await send(client, 1);
    await send(next, 2);
    await send(next, 3);
    expect(receiver.requests.map((received) => received.clientCertificate?.commonName)).toEqual([
      "sealpost",
      "sealpost-next",
      "sealpost-next",
    ]);
  });

  test("of one subscription is never used for another", async () => {
    const receiver = await tlsReceiver({ clientCa: authority.ca, requireClientCertificate: false });
    const sender = newSender();
    for (const [subscriptionId, tls] of [
      ["sub_1", withClient(client)],
      ["sub_2", { ca: authority.ca }],
      ["sub_1", withClient(client)],
    ] as const) {
      await sender.send(
        request(receiver.url, undefined, { identity: { subscriptionId, url: receiver.url, tls, version: 1 } }),
      );
    }
    expect(receiver.requests.map((received) => received.clientCertificate?.commonName)).toEqual([
      "sealpost",
      undefined,
      "sealpost",
    ]);
  });
});
