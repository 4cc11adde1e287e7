/** TLS against real servers, with certificates made for the occasion: every row of the table of TLS failures. */
import type net from "node:net";
import { describe, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createSender } from "../../src/endpoint/send.js";
import { createCertificateAuthority } from "../support/certificates.js";
import { startHostileReceiver } from "../support/hostile-receiver.js";
import { startReceiver } from "../support/receiver.js";
import { stubResolver } from "../support/resolver.js";
import {
  authority,
  stranger,
  server,
  kept,
  newSender,
  request,
  tlsReceiver,
  outcome,
  setUpSendTls,
} from "./send-tls-setup.js";

setUpSendTls();

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
