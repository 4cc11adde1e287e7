import { MongoClient } from "mongodb";
import { describe, expect, inject, it } from "vitest";
import { assertDurableWrites, CLIENT_OPTIONS, connect, ferretdbMajor } from "../../../src/store/mongo/connection.js";
import { coded } from "../fixtures.js";

/** The engine's URL with one option more: it may have some already. */
function withOption(option: string): string {
  const url = new URL(inject("mongodbUrl"));
  url.search = url.search === "" ? option : `${url.search.slice(1)}&${option}`;
  return url.href;
}

describe("connect", () => {
  it.each([
    "tlsAllowInvalidCertificates=true",
    "tlsallowinvalidhostnames=1",
    "tlsInsecure=true",
    "w=1",
    "w=0",
    "journal=false",
    "readPreference=secondary",
    "retryWrites=false",
  ])("refuses %s in the connection string", async (option) => {
    await expect(connect(withOption(option))).rejects.toThrow(coded("settings_invalid"));
    await expect(connect(withOption(option))).rejects.toThrow(option.split("=")[0]);
  });

  it.each(["w=majority", "journal=true", "tlsInsecure=false", "appName=x"])("accepts %s", async (option) => {
    const client = await connect(withOption(option));
    expect(() => assertDurableWrites(client)).not.toThrow();
    await client.close();
  });

  it("does not repeat a password from a string that it cannot use", async () => {
    for (const url of ["mongodb://user:p4ssw0rd@:x/?y", "mongodb://user:p4ssw0rd@host/?nonsense=1", "p4ssw0rd"]) {
      const error = await connect(url).catch((refused: unknown) => refused as Error);
      expect(error).toEqual(coded("settings_invalid"));
      expect((error as Error).message).toContain("MONGODB_URL");
      expect((error as Error).message).not.toContain("p4ssw0rd");
    }
  });

  it("gives `unavailable` where nothing listens", async () => {
    await expect(connect("mongodb://127.0.0.1:9/")).rejects.toThrow(coded("unavailable"));
  });

  it("finds a client that would not wait for a majority or the journal", () => {
    for (const writeConcern of [{ w: 1, j: true }, { w: "majority" }, {}] as const) {
      expect(() => assertDurableWrites(new MongoClient("mongodb://127.0.0.1:9", { writeConcern }))).toThrow(
        coded("settings_invalid"),
      );
    }
    expect(() => assertDurableWrites(new MongoClient("mongodb://127.0.0.1:9", CLIENT_OPTIONS))).not.toThrow();
  });
});

describe("FerretDB", () => {
  it.each([
    ["FerretDB 1.24", { version: "7.0.42", ferretdbVersion: "v1.24.2", ferretdbFeatures: {} }, 1],
    ["FerretDB 1, built into a program", { version: "7.0.42", ferretdbVersion: "unknown" }, 1],
    ["FerretDB 2", { version: "7.0.77", ferretdb: { version: "v2.5.0", package: "docker" } }, 2],
    ["MongoDB", { version: "8.0.12", gitVersion: "x" }, undefined],
    ["DocumentDB", { version: "7.0.0" }, undefined],
  ])("is told from other servers by its version: %s", (_name, info, major) => {
    expect(ferretdbMajor(info)).toBe(major);
  });
});
