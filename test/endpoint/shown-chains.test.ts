/** What the sender tells of the certificates that an endpoint shows. */
import { expect, test } from "vitest";
import type { ShownChain } from "../../src/endpoint/certificates/chain-recorder.js";
import { createSender } from "../../src/endpoint/send.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { authority, kept, request, setUpSendTls, stranger, tlsReceiver } from "./send-tls-setup.js";

setUpSendTls();

type Told = Omit<ShownChain, "certificates"> & { certificates: ReturnType<ShownChain["certificates"]> };
function telling() {
  const told: Told[] = [];
  const onChain = (chain: ShownChain): void => void told.push({ ...chain, certificates: chain.certificates() });
  return { told, sender: kept(createSender({ guard: createGuard({ allowLocal: true }), onChain })) };
}

test("each new connection tells once, and a request on one that stands tells nothing", async () => {
  const receiver = await tlsReceiver();
  const { told, sender } = telling();
  for (let time = 0; time < 5; time++) expect((await sender.send(request(receiver.url))).kind).toBe("response");
  // A second connection may resume the session of the first, and then it shows no certificate.
  expect(receiver.connections).toBeLessThan(5);
  expect(told.length).toBeLessThanOrEqual(receiver.connections);
  const host = `localhost:${receiver.port}`;
  expect(told[0]).toMatchObject({ subscriptionId: "sub_1", host, tlsProtocol: "TLSv1.3", accepted: true });
  expect(told[0]?.certificates[0]).toMatchObject({ subject: "CN=localhost", issuer: "CN=Ours" });
  expect(told[0]?.leaf.replaceAll(":", "").toLowerCase()).toBe(told[0]?.certificates[0]?.sha256);
});

test("a handshake that fails tells what was shown", async () => {
  const receiver = await tlsReceiver();
  const { told, sender } = telling();
  const exchange = await sender.send(request(receiver.url, { ca: stranger.ca }));
  expect(exchange.kind).not.toBe("response");
  expect(told).toMatchObject([{ accepted: false, certificates: [{ issuer: "CN=Ours" }] }]);
  expect(told[0]).not.toHaveProperty("tlsProtocol");
  expect(authority.ca).not.toBe(stranger.ca);
});
