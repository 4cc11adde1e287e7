import https from "node:https";
import { expect, test } from "vitest";
import { createCertificateAuthority } from "./certificates.js";
import { startReceiver } from "./receiver.js";

test("a receiver over mutual TLS records the body bytes and the client certificate", async () => {
  const authority = await createCertificateAuthority();
  const server = await authority.issue();
  const client = await authority.issue({ usage: "client", commonName: "sealpost-test" });
  const receiver = await startReceiver({
    tls: { ...server, clientCa: authority.ca },
    respond: () => ({ status: 201, body: "thanks" }),
  });
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = https.request(
        receiver.url,
        { method: "POST", ca: authority.ca, ...client, agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on("error", reject);
      request.end("body \u00e9");
    });
    expect(status).toBe(201);
    const [received] = await receiver.waitFor(1);
    expect(received).toMatchObject({
      method: "POST",
      path: "/hook",
      number: 1,
      tlsProtocol: "TLSv1.3",
      clientCertificate: { commonName: "sealpost-test" },
    });
    expect(received?.body.equals(Buffer.from("body \u00e9"))).toBe(true);
  } finally {
    await receiver.close();
  }
});

test("a client without a certificate is refused when one is required", async () => {
  const authority = await createCertificateAuthority();
  const receiver = await startReceiver({ tls: { ...(await authority.issue()), clientCa: authority.ca } });
  try {
    await expect(
      new Promise((resolve, reject) => {
        const request = https.request(receiver.url, { method: "POST", ca: authority.ca, agent: false }, resolve);
        request.on("error", reject);
        request.end("{}");
      }),
    ).rejects.toThrow();
    expect(receiver.requests).toHaveLength(0);
  } finally {
    await receiver.close();
  }
});
