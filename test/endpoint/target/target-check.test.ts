/** What is found out of an endpoint without a request. The receivers are real, and get none. */
import net, { type AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { createGuard, type GuardOptions } from "../../../src/endpoint/target/guard.js";
import { createTargetCheck, TARGET_STEPS, type TargetCheck } from "../../../src/endpoint/target/target-check.js";
import type { EndpointTls } from "../../../src/store/model.js";
import { createCertificateAuthority } from "../../support/certificates.js";
import { startHostileReceiver } from "../../support/hostile-receiver.js";
import { startReceiver } from "../../support/receiver.js";
import { stubResolver } from "../../support/resolver.js";
import { authority, client, kept, server, setUpSendTls, tlsReceiver } from "../send-tls-setup.js";

setUpSendTls();

const LOCAL: GuardOptions = { allowLocal: true };
const check = (url: string, tls?: EndpointTls, guard = LOCAL) =>
  createTargetCheck({ guard: createGuard(guard), connectTimeoutMs: 60_000 })({ url, ...(tls && { tls }) });
/** Waits long for a refusal, so that a busy machine does not miss it. */
const checkPatiently = (url: string, tls: EndpointTls) =>
  createTargetCheck({ guard: createGuard(LOCAL), connectTimeoutMs: 60_000, leastWaitMs: 60_000 })({ url, tls });

/** `url ok, dns ok, address failed: code, …` without what was skipped. */
const wordsOf = ({ steps }: TargetCheck): string[] =>
  steps.flatMap(({ step, state, code }) => (state === "skipped" ? [] : [state === "ok" ? step : `${step}: ${code}`]));
const UP_TO_CONNECTION = ["url", "dns", "address", "connection"];

describe("an endpoint that can be used", () => {
  test("passes every step, and its certificates are read out", async () => {
    const receiver = await tlsReceiver();
    const found = await check(receiver.url, { ca: authority.ca });
    expect(found).toMatchObject({ ok: true, tlsProtocol: "TLSv1.3", certificates: [{ issuer: "CN=Ours" }] });
    expect(found.steps.map(({ step, state }) => [step, state])).toEqual(TARGET_STEPS.map((step) => [step, "ok"]));
    const certificate = found.steps.find(({ step }) => step === "certificate");
    expect(certificate?.explanation).toMatch(
      /leads to the authority that is saved\. It ends on \d{4}-\d\d-\d\d, in \d+ days\.$/,
    );
    expect(receiver.requests).toEqual([]);
    expect(receiver.connections).toBe(1);
  });

  test("with a client certificate that it demands", async () => {
    const receiver = await tlsReceiver({ clientCa: authority.ca });
    const found = await check(receiver.url, { ca: authority.ca, clientCert: client.cert, clientKey: client.key });
    expect(found.ok).toBe(true);
    expect(receiver.requests).toEqual([]);
  });

  test("over plain http, where that is allowed", async () => {
    const receiver = kept(await startReceiver());
    const found = await check(receiver.url);
    expect(wordsOf(found)).toEqual(UP_TO_CONNECTION);
    expect(found.ok).toBe(true);
    expect(receiver.requests).toEqual([]);
  });
});

describe("what the guard refuses is not called", () => {
  test.each<[string, string, string[]]>([
    ["a port", "https://8.8.8.8:25/hook", ["url: port"]],
    ["a user in the URL", "https://user:word@8.8.8.8/", ["url: userinfo"]],
    ["http", "http://8.8.8.8/", ["url: scheme"]],
    ["a loopback address", "https://127.0.0.1/", ["url", "dns", "address: address_not_public"]],
    ["the metadata service", "https://169.254.169.254/latest", ["url", "dns", "address: address_not_public"]],
    ["a name that resolves to it", "https://inside.sealpost.dev/", ["url", "dns", "address: destination_blocked"]],
    ["a name with one private address", "https://mixed.sealpost.dev/", ["url", "dns", "address: destination_blocked"]],
    ["a name that nobody has", "https://none.sealpost.dev/", ["url", "dns: dns_not_found"]],
    ["a name server that fails", "https://fails.sealpost.dev/", ["url", "dns: dns_temporary"]],
  ])("%s", async (_what, url, expected) => {
    const { resolve } = stubResolver({
      "inside.sealpost.dev": [["169.254.169.254"]],
      "mixed.sealpost.dev": [["8.8.8.8", "10.0.0.7"]],
      "fails.sealpost.dev": [{ code: "EAI_AGAIN" }],
    });
    const found = await check(url, undefined, { resolve });
    expect(wordsOf(found)).toEqual(expected);
    expect(found.ok).toBe(false);
    expect(found.steps.find(({ state }) => state === "failed")?.todo).toMatch(/\w/);
    // An address would be a map of our network.
    expect(JSON.stringify(found)).not.toMatch(/10\.0\.0\.7|169\.254/);
  });
});

describe("an endpoint that fails says where", () => {
  test("nothing listens", async () => {
    const listener = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => listener.close(resolve));
    expect(wordsOf(await check(`https://127.0.0.1:${port}/`))).toEqual([
      "url",
      "dns",
      "address",
      "connection: connection_refused",
    ]);
  });

  test("no TLS, and a connection that is closed in the handshake", async () => {
    const plain = kept(await startReceiver());
    expect(wordsOf(await check(`https://localhost:${plain.port}/`))).toEqual([
      ...UP_TO_CONNECTION,
      "tls: tls_protocol",
    ]);
    const closing = kept(await startHostileReceiver({ onConnection: (socket: net.Socket) => void socket.destroy() }));
    expect(wordsOf(await check(`https://127.0.0.1:${closing.port}/`))).toEqual([
      ...UP_TO_CONNECTION,
      "tls: tls_handshake_closed",
    ]);
  });

  test("its certificate, which is shown", async () => {
    const expired = await tlsReceiver(await authority.issue({ expired: true, commonName: "Old" }));
    const found = await check(`https://localhost:${expired.port}/`, { ca: authority.ca });
    expect(wordsOf(found)).toEqual([...UP_TO_CONNECTION, "tls", "certificate: tls_expired"]);
    expect(found.certificates).toMatchObject([{ subject: "CN=Old" }]);
    const untrusted = await tlsReceiver();
    expect(wordsOf(await check(untrusted.url))).toContain("certificate: tls_untrusted");
    const other = await tlsReceiver(await authority.issue({ names: ["other.example.com"], addresses: [] }));
    expect(wordsOf(await check(other.url, { ca: authority.ca }))).toContain("certificate: tls_name_mismatch");
  });

  test("TLS 1.2 alone, until the subscription allows it", async () => {
    const receiver = await tlsReceiver({ maxVersion: "TLSv1.2" });
    const found = await check(receiver.url, { ca: authority.ca });
    expect(wordsOf(found)).toEqual([
      ...UP_TO_CONNECTION,
      "tls",
      "certificate",
      "tls_version: tls_version_too_low",
      "client_certificate",
    ]);
    expect(found).toMatchObject({ ok: false, tlsProtocol: "TLSv1.2" });
    expect(await check(receiver.url, { ca: authority.ca, minVersion: "TLSv1.2" })).toMatchObject({ ok: true });
  });

  test("a client certificate that it demands and does not get, under both versions", async () => {
    const modern = await tlsReceiver({ clientCa: authority.ca });
    const found = await checkPatiently(modern.url, { ca: authority.ca });
    expect(wordsOf(found).at(-1)).toBe("client_certificate: mtls_rejected");
    expect(wordsOf(found)).toContain("certificate");
    const older = await tlsReceiver({ clientCa: authority.ca, maxVersion: "TLSv1.2" });
    expect(wordsOf(await checkPatiently(older.url, { ca: authority.ca }))).toEqual([
      ...UP_TO_CONNECTION,
      "client_certificate: mtls_rejected",
    ]);
  });

  test("a client certificate of an authority that it does not know", async () => {
    const stranger = await createCertificateAuthority({ commonName: "Elsewhere" });
    const { cert, key } = await stranger.issue({ usage: "client" });
    const receiver = await tlsReceiver({ clientCa: authority.ca });
    const found = await checkPatiently(receiver.url, { ca: authority.ca, clientCert: cert, clientKey: key });
    expect(found.steps.at(-1)).toMatchObject({ step: "client_certificate", state: "failed" });
    expect(found.steps.at(-1)?.code).toMatch(/^mtls_/);
  });

  test("our own side: a client key that does not belong to its certificate", async () => {
    const { key } = await authority.issue({ usage: "client" });
    const found = await check("https://8.8.8.8/", { clientCert: client.cert, clientKey: key });
    expect(wordsOf(found)).toEqual(["client_certificate: client_certificate_mismatch"]);
    expect(server.cert).not.toBe(client.cert);
  });
});

test("a further check beside sixteen is refused by its code, and the next one is made again", async () => {
  const open = new Set<() => void>();
  const silent = kept(await startHostileReceiver({}));
  const checkTarget = createTargetCheck({
    guard: createGuard({
      allowLocal: true,
      resolve: () => new Promise((resolve) => open.add(() => resolve([{ address: "127.0.0.1", family: 4 }]))),
    }),
    connectTimeoutMs: 500,
  });
  const url = `https://localhost:${silent.port}/`;
  const waiting = Array.from({ length: 16 }, () => checkTarget({ url }));
  await expect.poll(() => open.size).toBe(16);
  expect(wordsOf(await checkTarget({ url }))).toContain("connection: sockets_exhausted");
  for (const answer of open) answer();
  for (const found of await Promise.all(waiting)) expect(wordsOf(found)).toContain("tls: timeout_connect");
  const after = checkTarget({ url });
  await expect.poll(() => open.size).toBe(17);
  for (const answer of open) answer();
  expect(wordsOf(await after)).toContain("tls: timeout_connect");
});
