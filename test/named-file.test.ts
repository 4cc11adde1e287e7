import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultOfFile, readNamedFile } from "../src/named-file.js";

const directory = mkdtempSync(join(tmpdir(), "named-file-"));
const at = (name: string): string => join(directory, name);
beforeAll(() => {
  writeFileSync(at("file"), "what it holds\n");
  mkdirSync(at("folder"));
  symlinkSync(at("file"), at("link"));
  symlinkSync(at("gone"), at("dangling"));
  symlinkSync(at("loop"), at("loop"));
  execFileSync("python3", ["-c", `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(at("socket"))})`]);
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each(["file", "link"])("a %s is read", (name) => {
  expect(readNamedFile(at(name))).toEqual({ ok: true, bytes: Buffer.from("what it holds\n") });
  expect(faultOfFile(at(name))).toBeUndefined();
});

describe("what cannot be read is said by its kind, with what to do", () => {
  test.each([
    ["gone", true, "cannot be read (ENOENT): there is no such file. Correct the path."],
    ["dangling", false, "cannot be read (ENOENT): it is a link to a file that is not there. Correct the link."],
    ["folder", false, "cannot be read (EISDIR): it is a directory. Name a file."],
    ["file/below", false, "cannot be read (ENOTDIR): a part of its path is a file and no directory. Correct the path."],
    ["loop", false, "cannot be read (ELOOP): it is a link that leads back to itself. Correct the link."],
    ["socket", false, "cannot be read (ENXIO): it is no file, but a socket or a device. Name a file."],
  ])("%s", (name, isMissing, fault) => {
    expect(readNamedFile(at(name))).toEqual({ ok: false, isMissing, fault });
    expect(faultOfFile(at(name))).toBe(fault);
  });

  test("a path that no file system takes", () => {
    expect(readNamedFile("a\0b")).toMatchObject({ ok: false, isMissing: false });
    expect(faultOfFile(at("x".repeat(300)))).toBe(
      "cannot be read (ENAMETOOLONG): correct the path or its permissions.",
    );
  });
});
