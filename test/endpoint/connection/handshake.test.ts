/**
 * What is learnt while a connection is made: the time of each step, and the certificates of a handshake that failed.
 */
import { X509Certificate } from "node:crypto";
import net, { type AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { classify } from "../../../src/endpoint/classify.js";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { createSender, type Exchange } from "../../../src/endpoint/send.js";
import type { EndpointTls } from "../../../src/store/model.js";
import { createCertificateAuthority, issueChain } from "../../support/certificates.js";
import { startHostileReceiver } from "../../support/hostile-receiver.js";
import { startReceiver } from "../../support/receiver.js";
import { stubResolver } from "../../support/resolver.js";
import { authority, client, kept, newSender, request, server, setUpSendTls, tlsReceiver } from "../send-tls-setup.js";

setUpSendTls();

type Failure = Extract<Exchange, { kind: "failure" }>;
async function failure(url: string, tls?: EndpointTls): Promise<Failure & { code: string }> {
  // The time for a handshake is long, so that a busy machine does not end one.
  const sender = kept(createSender({ guard: createGuard({ allowLocal: true }), connectTimeoutMs: 60_000 }));
  const exchange = await sender.send(request(url, tls, { timeoutMs: 120_000 }));
  if (exchange.kind === "response") throw new Error(`It answered ${exchange.status}.`);
  return { ...exchange, code: classify(exchange, Date.now()).code };
}
const sha256 = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
const number = expect.any(Number) as number;
/** Without the wait for a turn, which is there on a busy machine only. */
const steps = ({ timings: { waited: _waited, ...timings } }: Exchange) => timings;

describe("a handshake that fails for the endpoint's certificate keeps what was shown", () => {
  test("one that has expired, with its validity and names", async () => {
    const expired = await authority.issue({ expired: true, commonName: "Old", names: ["localhost", "a.example.com"] });
    const { port } = await tlsReceiver(expired);
    const found = await failure(`https://localhost:${port}/`);
    expect(found).toMatchObject({
      code: "tls_expired",
      certificates: [
        {
          subject: "CN=Old",
          issuer: "CN=Ours",
          serial: new X509Certificate(expired.cert).serialNumber.toLowerCase(),
          names: ["localhost", "a.example.com", "127.0.0.1", "0:0:0:0:0:0:0:1"],
          notBefore: new Date(new X509Certificate(expired.cert).validFrom).toISOString(),
          notAfter: new Date(new X509Certificate(expired.cert).validTo).toISOString(),
          sha256: sha256(expired.cert),
        },
      ],
    });
    // The root that is saved with the subscription is ours. The endpoint did not show it.
    expect(found.certificates).toHaveLength(1);
  });

  test("one for another name", async () => {
    const other = await authority.issue({ names: ["other.example.com"], addresses: [] });
    const { url } = await tlsReceiver(other);
    expect(await failure(url)).toMatchObject({
      code: "tls_name_mismatch",
      certificates: [{ names: ["other.example.com"], sha256: sha256(other.cert) }],
    });
  });

  test("an untrusted one with its whole chain, in the order in which it was sent", async () => {
    const { intermediate, leaf } = await issueChain(authority);
    const { url } = await tlsReceiver({ cert: leaf.cert + intermediate.cert + authority.ca, key: leaf.key });
    const found = await failure(url, {});
    expect(found.code).toBe("tls_untrusted");
    expect(found.certificates?.map((each) => each.sha256)).toEqual(
      [leaf.cert, intermediate.cert, authority.ca].map(sha256),
    );
    expect(found.certificates?.map(({ issuer }) => issuer)).toEqual(["CN=Test intermediate", "CN=Ours", "CN=Ours"]);
  });

  test("one whose intermediate is missing", async () => {
    const { leaf } = await issueChain(authority);
    const { url } = await tlsReceiver(leaf);
    expect(await failure(url)).toMatchObject({
      code: "tls_untrusted",
      certificates: [{ subject: "CN=leaf", issuer: "CN=Test intermediate" }],
    });
  });

  test("one that is signed by itself", async () => {
    const self = await createCertificateAuthority({ commonName: "localhost", names: ["localhost"] });
    const { url } = await tlsReceiver({ cert: self.ca, key: self.key });
    const { certificates } = await failure(url, {});
    expect(certificates).toMatchObject([{ subject: "CN=localhost", issuer: "CN=localhost" }]);
  });

  test("at most five of a chain that is longer", async () => {
    const others = await Promise.all(
      Array.from({ length: 9 }, (_, index) => createCertificateAuthority({ commonName: `Other ${index}` })),
    );
    const { url } = await tlsReceiver({ cert: server.cert + others.map(({ ca }) => ca).join("") });
    expect((await failure(url, {})).certificates).toHaveLength(5);
  });

  test("a server that refuses our client certificate under TLS 1.2", async () => {
    const { url } = await tlsReceiver({ clientCa: authority.ca, maxVersion: "TLSv1.2" });
    const found = await failure(url, { ca: authority.ca, minVersion: "TLSv1.2" });
    expect(found.code).toBe("mtls_rejected");
    expect(found.certificates?.[0]?.sha256).toBe(sha256(server.cert));
  });
});

describe("nothing is kept", () => {
  test("of a handshake that succeeds", async () => {
    const { url } = await tlsReceiver();
    const sender = kept(createSender({ guard: createGuard({ allowLocal: true }) }));
    const exchange = await sender.send(request(url, { ca: authority.ca, ...clientFiles() }));
    expect(exchange.kind).toBe("response");
    expect(exchange).not.toHaveProperty("certificates");
  });

  test("of an endpoint that shows no certificate", async () => {
    const plain = kept(await startReceiver());
    const found = await failure(`https://localhost:${plain.port}/`);
    expect(found.code).toBe("tls_protocol");
    expect(found).not.toHaveProperty("certificates");
    const closing = kept(await startHostileReceiver({ onConnection: (socket: net.Socket) => void socket.destroy() }));
    expect(await failure(`https://127.0.0.1:${closing.port}/`)).not.toHaveProperty("certificates");
  });
});

describe("the time of each step", () => {
  test("of a connection with TLS and of one without", async () => {
    const { url } = await tlsReceiver();
    const sender = kept(createSender({ guard: createGuard({ allowLocal: true }), connections: 1 }));
    // The second one waits for the first, so no pause ends the connection between them.
    const [first, second] = await Promise.all([sender.send(request(url)), sender.send(request(url))]);
    expect(steps(first)).toEqual({ dns: number, connect: number, tls: number, firstByte: number, total: number });
    const { dns = 0, connect = 0, tls = 0, firstByte = 0, total = 0 } = first.timings;
    // Each is rounded to a tenth.
    expect(dns + connect + tls).toBeLessThanOrEqual(firstByte + 0.2);
    expect(firstByte).toBeLessThanOrEqual(total);
    expect(tls).toBeGreaterThan(0);
    expect(steps(second)).toEqual({ firstByte: number, total: number });
    const plain = kept(await startReceiver());
    expect((await sender.send(request(plain.url))).timings).not.toHaveProperty("tls");
  });

  test("ends with the step that failed", async () => {
    const { port } = await tlsReceiver(await authority.issue({ expired: true }));
    expect(steps(await failure(`https://localhost:${port}/`))).toEqual({
      dns: number,
      connect: number,
      tls: number,
      total: number,
    });
    expect(steps(await failure(`https://127.0.0.1:${await unusedPort()}/`))).toEqual({
      dns: number,
      connect: number,
      total: number,
    });
    const unknown = kept(
      createSender({
        guard: createGuard({
          allowLocal: true,
          resolve: stubResolver({ "hooks.example.com": [{ code: "ENOTFOUND" }] }).resolve,
        }),
      }),
    );
    expect(steps(await unknown.send(request("https://hooks.example.com/")))).toEqual({ dns: number, total: number });
  });

  test("of a server that is silent in the handshake", async () => {
    const silent = kept(await startHostileReceiver({}));
    // undici's own time for a connection ends first.
    const exchange = await newSender().send(request(`https://127.0.0.1:${silent.port}/`));
    expect(classify(exchange, Date.now()).code).toBe("timeout_connect");
    expect(steps(exchange)).toEqual({ dns: number, connect: number, tls: number, total: number });
  });
});

const clientFiles = (): EndpointTls => ({ clientCert: client.cert, clientKey: client.key });

/** A port of this machine that nothing listens on. */
async function unusedPort(): Promise<number> {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
