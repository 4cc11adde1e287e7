/** The pictures of README and docs are small, and each of them is shown somewhere. README begins with one. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../support/build.js";
import { readPng, smallPng } from "../support/png.js";

const root = repositoryRoot();
const images = readdirSync(join(root, "docs/images"));
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
].map((page) => readFileSync(join(root, page), "utf8"));
const MOST_BYTES = 150 * 1024;
const MOST_LINES_OF_README = 120;

it.each(images)("%s is small, and a page shows it", (image) => {
  expect(image).toMatch(/\.png$/);
  expect(statSync(join(root, "docs/images", image)).size).toBeLessThanOrEqual(MOST_BYTES);
  expect(pages.some((page) => page.includes(`images/${image})`))).toBe(true);
});

it("README begins with a failed delivery and its cure, shows the overview, and stays short", () => {
  const lines = (pages[0] ?? "").split("\n");
  const shown = lines.flatMap((line) => /!\[[^\]]+\]\(docs\/images\/([\w-]+)\.png\)/.exec(line)?.[1] ?? []);
  expect(shown.slice(0, 2)).toEqual(["portal-delivery", "portal-compare"]);
  expect(shown).toContain("portal-overview");
  expect(lines.findIndex((line) => line.startsWith("!["))).toBeLessThan(
    lines.findIndex((line) => line.startsWith("## ")),
  );
  expect(lines.length - 1).toBeLessThanOrEqual(MOST_LINES_OF_README);
});

/**
 * A PNG of true colours as Chromium writes it. Each line has another filter, and the last byte of a pixel is its alpha.
 */
function pngOf(width: number, colours: readonly number[]): Buffer {
  const height = colours.length / width;
  const raw = (x: number, y: number, sample: number): number => {
    if (x < 0 || y < 0) return 0;
    return (((colours[y * width + x] ?? 0) * 256 + 255) >>> (24 - 8 * sample)) & 255;
  };
  const lines = Array.from({ length: height }, (_, y) => {
    const filter = y % 5;
    const samples = Array.from({ length: width * 4 }, (_unused, at) => {
      const [x, sample] = [Math.floor(at / 4), at % 4];
      const [left, above, corner] = [raw(x - 1, y, sample), raw(x, y - 1, sample), raw(x - 1, y - 1, sample)];
      const estimate = left + above - corner;
      const [a, b, c] = [left, above, corner].map((each) => Math.abs(estimate - each)) as [number, number, number];
      const paeth = a <= b && a <= c ? left : b <= c ? above : corner;
      return (raw(x, y, sample) - ([0, left, above, (left + above) >> 1, paeth][filter] ?? 0)) & 255;
    });
    return Buffer.from([filter, ...samples]);
  });
  const chunk = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    return Buffer.concat([head, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const pixelsOf = (png: Buffer): number[] => {
  const { pixels, width, height } = readPng(png);
  return Array.from({ length: width * height }, (_, at) => pixels.readUIntBE(at * 3, 3));
};

describe("a picture that is made small", () => {
  it("keeps every colour when there are few, whatever the filters", () => {
    const colours = Array.from({ length: 60 }, (_, at) => (at * 2_654_435_761) % 0x1000000);
    const small = smallPng(pngOf(6, colours));
    expect(pixelsOf(small)).toEqual(colours);
    expect(smallPng(small)).toEqual(small);
  });

  it("with many colours has 256 at most, each near to what it was", () => {
    const colours = Array.from(
      { length: 1_000 },
      (_, at) => 0x404040 + (at % 10) + 256 * (((at / 10) % 10) | 0) + at * 8,
    );
    const after = pixelsOf(smallPng(pngOf(40, colours)));
    expect(new Set(after).size).toBeLessThanOrEqual(256);
    const apart = after.map((colour, at) =>
      Math.max(...[16, 8, 0].map((bits) => Math.abs(((colour >> bits) & 255) - (((colours[at] ?? 0) >> bits) & 255)))),
    );
    expect(Math.max(...apart)).toBeLessThanOrEqual(24);
  });
});
