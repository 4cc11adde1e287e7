/**
 * The audit on its way off the host: a real collector over https, a shipper that is killed in the middle, and the copy
 * compared.
 */
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { createFileTarget, createHttpsTarget } from "../../../src/workers/commands/ship/target.js";
import { runComparison } from "../../../src/workers/commands/verify-audit.js";
import {
  type Line,
  database,
  store,
  append,
  idsInStore,
  idsOf,
  fileName,
  ship,
  setUpShipAudit,
} from "./ship-audit-setup.js";

setUpShipAudit();

const linesOf = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

describe("to a file", () => {
  test(
    "everything goes once, with the head, and later only what is new; file and cursor are for " + "this user alone",
    async () => {
      const [file] = [fileName()];
      await append(250);
      const first = await ship(createFileTarget(file), `${file}.cursor`);
      const { head } = await store.audit.verify();
      expect(first).toMatchObject({ shipped: 251, head: { seq: 251, mac: head.mac } });
      expect(linesOf(file).at(-1)).toEqual({ head: { id: `aud_${String(251).padStart(16, "0")}`, mac: head.mac } });
      expect(idsOf(linesOf(file))).toEqual(await idsInStore());
      await append(3);
      expect(await ship(createFileTarget(file), `${file}.cursor`)).toMatchObject({ shipped: 3 });
      expect(await ship(createFileTarget(file), `${file}.cursor`)).toMatchObject({ shipped: 0 });
      expect(idsOf(linesOf(file))).toEqual(await idsInStore());
      for (const each of [file, `${file}.cursor`]) expect(statSync(each).mode & 0o777).toBe(0o600);
    },
  );

  test("a line that was cut short, and a cursor that lags, cost duplicates and no gap", async () => {
    const file = fileName();
    await append(20);
    await ship(createFileTarget(file), `${file}.cursor`);
    const cursor = readFileSync(`${file}.cursor`, "utf8");
    await append(5);
    await ship(createFileTarget(file), `${file}.cursor`);
    writeFileSync(`${file}.cursor`, cursor);
    appendFileSync(file, '{"id":"aud_00000000');
    await append(1);
    expect(await ship(createFileTarget(file), `${file}.cursor`)).toMatchObject({ shipped: 6 });
    const said: string[] = [];
    expect(await runComparison({ audit: store.audit, file, say: (line) => said.push(line) })).toBe(true);
    expect(said).toEqual([
      `27 entries of ${file} are in the database as they were shipped`,
      "1 lines of it are no entries: a crash may have cut one short",
    ]);
  });

  test("follows what is appended until it is stopped", async () => {
    const file = fileName();
    const stopping = new AbortController();
    await append(1);
    const running = ship(createFileTarget(file), `${file}.cursor`, { follow: true, signal: stopping.signal });
    await append(2);
    await expect.poll(() => idsOf(linesOf(file)), { timeout: 20_000 }).toHaveLength(4);
    stopping.abort();
    expect(await running).toMatchObject({ shipped: 4 });
  });

  test("a cursor of another target, or a damaged one, ships nothing", async () => {
    const file = fileName();
    writeFileSync(`${file}.cursor`, JSON.stringify({ target: "elsewhere", seq: 3, mac: "x" }));
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(/belongs to elsewhere/);
    writeFileSync(`${file}.cursor`, "{");
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(
      /cannot be read: correct or remove it/,
    );
  });
});

test("a path of another kind is told before anything is shipped, by its argument", async () => {
  const folder = dirname(fileName());
  expect(() => createFileTarget(folder)).toThrow(/^--to names .*, which cannot be written \(EISDIR\): name a file/);
  await expect(ship(createFileTarget(fileName()), folder)).rejects.toThrow(/^The cursor should be in .*a directory/);
  await expect(runComparison({ audit: store.audit, file: folder, say: () => undefined })).rejects.toThrow(
    /^--against names .*, which cannot be read \(EISDIR\): it is a directory/,
  );
  expect(() => createHttpsTarget({ url: "https://collector.example", format: "jsonl", tokenFile: folder })).toThrow(
    /^--token-file names .*, which cannot be read \(EISDIR\): it is a directory/,
  );
});

describe("what the shipped copy shows", () => {
  const shipped = async (count: number): Promise<string> => {
    const file = fileName();
    await append(count);
    await ship(createFileTarget(file), `${file}.cursor`);
    return file;
  };
  const compare = async (file: string) => {
    const said: string[] = [];
    return { same: await runComparison({ audit: store.audit, file, say: (line) => said.push(line) }), said };
  };
  const everything = ["audit", "auditHead", "settings"];
  const snapshot = () =>
    Promise.all(everything.map((name) => database.client.db(database.name).collection(name).find().toArray()));

  test("an audit set back with all its seals, to the comparison and to the next shipment", async () => {
    const file = await shipped(4);
    const older = await snapshot();
    await append(2);
    await ship(createFileTarget(file), `${file}.cursor`);
    for (const [index, name] of everything.entries()) {
      const collection = database.client.db(database.name).collection(name);
      await collection.deleteMany({});
      await collection.insertMany(older[index] ?? []);
    }
    expect(await store.audit.verify(), "in itself it is whole").toMatchObject({ ok: true, chained: 5 });
    expect(await compare(file)).toMatchObject({
      same: false,
      said: expect.arrayContaining(["BROKEN: Entry 6 was shipped and is missing in the database."]) as string[],
    });
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(
      /Entry 7 was shipped and is not there any more/,
    );
    // Nor when it has grown again since.
    const other = await database.openStore();
    for (let i = 0; i < 3; i++) await other.audit.append({ actor: "key:2", action: "group.change", subject: "grp_x" });
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(
      /Entry 7 was shipped and is another one/,
    );
    expect((await compare(file)).said).toContain("BROKEN: Entry 6 is not as it was shipped.");
  });

  test("a gap in the copy itself", async () => {
    const file = await shipped(4);
    writeFileSync(
      file,
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => !line.includes("aud_0000000000000003"))
        .join("\n"),
    );
    expect(await compare(file)).toMatchObject({
      same: false,
      said: expect.arrayContaining(["BROKEN: The copy lacks entry 3."]) as string[],
    });
  });

  test("an entry taken out of the chain stops the shipping instead of waiting for it", async () => {
    const file = await shipped(2);
    await append(3);
    await database.client
      .db(database.name)
      .collection<{ _id: string }>("audit")
      .deleteOne({ _id: "aud_0000000000000004" });
    await expect(ship(createFileTarget(file), `${file}.cursor`, { follow: true })).rejects.toThrow(
      /Entry 4 is missing, and later ones were there/,
    );
  });
});
