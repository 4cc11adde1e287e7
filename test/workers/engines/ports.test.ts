import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort, isFree, isListening, refuseTakenPorts } from "../../../src/workers/engines/ports.js";

let server: Server;
let taken: number;
beforeEach(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  taken = (server.address() as AddressInfo).port;
});
afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

describe("a port", () => {
  it("is taken while something listens there", async () => {
    expect([await isFree(taken), await isListening(taken)]).toEqual([false, true]);
  });

  it("is given where it is free, below the range of outgoing connections", async () => {
    const port = await freePort();
    expect(port).toBeGreaterThanOrEqual(17_000);
    expect(port).toBeLessThan(32_000);
  });

  it("is another one where the preferred one is taken", async () => {
    expect(await freePort(taken)).not.toBe(taken);
  });
});

describe("ports that are asked for", () => {
  it("are refused by name and purpose where one is taken", async () => {
    await expect(refuseTakenPorts({ TEMPORAL_PORT: undefined, MONGODB_PORT: taken })).rejects.toMatchObject({
      code: "port_in_use",
      message: expect.stringContaining(`Port ${taken}, asked for as MONGODB_PORT,`) as string,
    });
  });

  it("may be none", async () => {
    await expect(refuseTakenPorts({ TEMPORAL_PORT: undefined })).resolves.toBeUndefined();
  });
});
