/** The disk under the embedded engines fills up under load: what is accepted stays durable, and the rest is refused. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient, createSubscriptionSet, type SubscriptionSet } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-disk-"));
const disk = join(directory, "disk");
const filling = join(disk, "filling");

function canMount(): boolean {
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]).status === 0;
  if (!mounted) process.stderr.write("No file system can be mounted here (needs root): the full disk is not tested.\n");
  return mounted;
}
const mounted = canMount();

/** Writes until there is no room. */
function fill(): void {
  const file = openSync(filling, "a");
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    for (let written = block.length; written === block.length;) written = writeSync(file, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}

describe.skipIf(!mounted)("while the disk is full", () => {
  let receiver: Receiver;
  let service: Service;
  let client: Client;
  let set: SubscriptionSet;
  const accepted = new Set<string>();
  const refused: { id: string; data: string }[] = [];
  const statuses = new Set<number>();

  const ready = () => client.get<{ detail?: string }>("/health/ready");
  async function publish(event: { id: string; data: string }): Promise<number> {
    const { status } = await client.post("/v1/events", { type: set.eventType, ...event });
    if (status === 202) accepted.add(event.id);
    return status;
  }
  const newEvent = () => ({
    id: `disk-${randomBytes(9).toString("hex")}`,
    data: randomBytes(12_000).toString("base64"),
  });

  beforeAll(async () => {
    receiver = await startReceiver();
    service = await startService({ dataDir: join(disk, "data") });
    client = createClient(service.url, service.adminKey, 60_000);
    set = await createSubscriptionSet(client, { name: "disk", urls: [receiver.url] });
    expect(await publish(newEvent())).toBe(202);
  }, 300_000);
  afterAll(async () => {
    await client?.close();
    await service?.remove();
    await receiver?.close();
    spawnSync("umount", ["-l", disk]);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  it("publishes are refused with 503, and /health/ready says so with the reason", async () => {
    // The engines go on in the room that their files have already. So the load goes on until they need more.
    fill();
    for (const deadline = Date.now() + 120_000; refused.length < 40 && Date.now() < deadline;) {
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const event = newEvent();
          const status = await publish(event);
          statuses.add(status);
          if (status !== 202) refused.push(event);
        }),
      );
    }
    expect(refused.length).toBeGreaterThanOrEqual(40);
    expect([...statuses].filter((status) => status !== 202)).toEqual([503]);
    const answer = await ready();
    expect(answer.status).toBe(503);
    expect(answer.body.detail).toContain(`as the disk of ${join(disk, "data")} is full`);
    expect(service.running()).toBe(true);
  });

  it("and everything goes on when there is room again: nothing that was accepted is lost", async () => {
    rmSync(filling, { force: true });
    await expect.poll(async () => (await ready()).status, { timeout: 120_000, interval: 200 }).toBe(200);
    for (const event of refused.slice(0, 20))
      for (const deadline = Date.now() + 120_000; (await publish(event)) !== 202 && Date.now() < deadline;)
        await pause(200);
    expect(refused.slice(0, 20).filter(({ id }) => !accepted.has(id))).toEqual([]);
    const missing = () => {
      const there = new Set(receiver.requests.map(({ headers }) => headers["webhook-id"]));
      return [...accepted].filter((id) => !there.has(id));
    };
    await expect.poll(missing, { timeout: 180_000, interval: 500 }).toEqual([]);
  }, 400_000);
});
