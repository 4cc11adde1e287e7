import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { contentOf } from "../../../src/endpoint/answer/content-coding.js";

const MOST = 1_000;
const TEXT = '{"a":1}';
const plain = Buffer.from(TEXT);
const read = (body: Uint8Array, encoding?: string) => {
  const content = contentOf(body, encoding, MOST);
  return content.ok ? Buffer.from(content.bytes).toString() : content.fault;
};

describe("is read", () => {
  test.each<[string, Uint8Array, string | undefined]>([
    ["as it is", plain, undefined],
    ["without a coding that has a name", plain, "identity"],
    ["gzip", gzipSync(plain), "gzip"],
    ["gzip by its old name", gzipSync(plain), "x-gzip"],
    ["gzip in capital letters", gzipSync(plain), " GZIP "],
    ["deflate", deflateSync(plain), "deflate"],
    ["deflate without its frame", deflateRawSync(plain), "deflate"],
    ["brotli", brotliCompressSync(plain), "br"],
    ["two codings, the last first", brotliCompressSync(gzipSync(plain)), "gzip, br"],
    ["two codings without a frame, the last first", brotliCompressSync(deflateSync(plain)), "deflate, br"],
    ["gzip that does not say so", gzipSync(plain), undefined],
    ["gzip by another coding's name", gzipSync(plain), "deflate"],
    ["two codings in spaces, with an empty one", brotliCompressSync(gzipSync(plain)), " gzip , , br "],
    ["two codings and none", gzipSync(gzipSync(plain)), "gzip, identity, gzip"],
    ["gzip with the name of a character set", gzipSync(plain), "utf-8"],
    ["a coding that was taken off, gzip", plain, "gzip"],
    ["a coding that was taken off, brotli", plain, "br"],
    ["a coding that was taken off, deflate", plain, "deflate"],
    ["the name of a character set", plain, "utf-8"],
    ["a name that every object has", plain, "constructor"],
  ])("%s", (_name, body, encoding) => {
    expect(read(body, encoding)).toBe(TEXT);
  });
});

test.each([
  [0x1f, 0x20],
  [0x20, 0x8b],
])("what begins with %i and %i is no gzip", (...bytes) => {
  for (const encoding of [undefined, "gzip"])
    expect(contentOf(Buffer.from(bytes), encoding, MOST)).toEqual({ ok: true, bytes: Buffer.from(bytes) });
});

test("what came in a coding that node does not know is not taken for text, named or not", () => {
  for (const encoding of ["zstd", "gzip, zstd", "compress", undefined]) {
    expect(read(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00]), encoding)).toBe("unreadable");
    expect(read(Buffer.from([0x1f, 0x9d, 0x90]), encoding)).toBe("unreadable");
  }
  expect(read(plain, "zstd")).toBe(TEXT);
});

test("what breaks off or is nested is not read", () => {
  expect(read(gzipSync(Buffer.alloc(900, 7)).subarray(0, -6), "gzip")).toBe("unreadable");
  expect(read(Buffer.from([0x1f, 0x8b, 0, 0]), "gzip")).toBe("unreadable");
  expect(read(gzipSync(gzipSync(gzipSync(plain))), "gzip, gzip, gzip")).toBe("unreadable");
});

test("a bomb is too large before it is decoded, in every coding and within another one", () => {
  const bomb = Buffer.alloc(64 * 1024 * 1024);
  const packed = [
    gzipSync(bomb),
    deflateSync(bomb),
    deflateRawSync(bomb),
    brotliCompressSync(bomb, { params: { 1: 3 } }),
  ];
  const before = process.memoryUsage();
  for (const [index, encoding] of ["gzip", "deflate", "deflate", "br"].entries())
    expect(read(packed[index] ?? plain, encoding)).toBe("too_large");
  expect(read(packed[0] ?? plain)).toBe("too_large");
  expect(read(brotliCompressSync(packed[0] ?? plain), "gzip, br")).toBe("too_large");
  expect(read(packed[3] ?? plain, "gzip, br")).toBe("too_large");
  const after = process.memoryUsage();
  expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(16 * 1024 * 1024);
  expect(read(Buffer.alloc(MOST + 1, "a"))).toBe("too_large");
  expect(read(gzipSync(Buffer.alloc(MOST, "a")), "gzip")).toHaveLength(MOST);
});
