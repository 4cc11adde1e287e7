import { describe, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createSender } from "../../src/endpoint/send.js";
import type { EndpointTls } from "../../src/store/model.js";
import { type IssuedCertificate } from "../support/certificates.js";
import { startHostileReceiver } from "../support/hostile-receiver.js";
import {
  authority,
  stranger,
  server,
  kept,
  newSender,
  request,
  tlsReceiver,
  outcome,
  client,
  setUpSendTls,
} from "./send-tls-setup.js";

setUpSendTls();

const withClient = (certificate: IssuedCertificate, more: EndpointTls = {}): EndpointTls => ({
  ca: authority.ca,
  clientCert: certificate.cert,
  clientKey: certificate.key,
  ...more,
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

  // Servers on OpenSSL or Go send an alert. The description is its last byte (RFC 8446, section 6).
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
