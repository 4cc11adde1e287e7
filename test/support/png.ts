/**
 * Makes a picture of a page small: a PNG with at most 256 colours, compressed as far as zlib can. Chromium writes true
 * colours and compresses quickly, which takes three times the room.
 */
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLOURS = 256;
/** Samples of a pixel, by the colour types of PNG that have no palette. */
const SAMPLES: Record<number, number> = { 2: 3, 6: 4 };

interface Chunk {
  type: string;
  data: Buffer;
}

export interface Picture {
  width: number;
  height: number;
  /** Three bytes a pixel. */
  pixels: Buffer;
}

/**
 * The pixels of a PNG with true colours, 8 bits a sample and no interlacing, as Chromium writes them. Transparency is
 * left out, because a page has none. It also reads what `smallPng` has written.
 * @throws Error for another kind of PNG
 */
export function readPng(png: Buffer): Picture {
  const parts = chunksOf(png);
  const header = partOf(parts, "IHDR");
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colourType = 0, , , interlacing] = header.subarray(8);
  if (colourType === 3) return { width, height, pixels: fromPalette(parts, width, height) };
  const samples = SAMPLES[colourType];
  if (samples === undefined || depth !== 8 || interlacing !== 0) throw new Error("This kind of PNG is not read here.");
  const lines = unfiltered(dataOf(parts), { width, height, samples });
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at++) lines.copy(pixels, at * 3, at * samples, at * samples + 3);
  return { width, height, pixels };
}

/** The same picture with at most 256 colours. One that has no more keeps each of them exactly. */
export function smallPng(png: Buffer): Buffer {
  const { width, height, pixels } = readPng(png);
  const { palette, indexOf } = paletteOf(pixels);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = indexOf(pixels.readUIntBE((y * width + x) * 3, 3));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap((colour) => samplesOf(colour)))),
    chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunksOf(png: Buffer): Chunk[] {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error("This is no PNG.");
  const found: Chunk[] = [];
  for (let at = 8; at < png.length;) {
    const size = png.readUInt32BE(at);
    found.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + size) });
    at += 12 + size;
  }
  return found;
}

function partOf(parts: readonly Chunk[], name: string): Buffer {
  const found = parts.find(({ type }) => type === name);
  if (!found) throw new Error(`This PNG has no ${name}.`);
  return found.data;
}

const dataOf = (parts: readonly Chunk[]): Buffer =>
  inflateSync(Buffer.concat(parts.filter(({ type }) => type === "IDAT").map(({ data }) => data)));

/** What `smallPng` has written: one byte a pixel, and no filters. */
function fromPalette(parts: readonly Chunk[], width: number, height: number): Buffer {
  const palette = partOf(parts, "PLTE");
  const lines = dataOf(parts);
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const index = lines[y * (width + 1) + 1 + x] ?? 0;
      palette.copy(pixels, (y * width + x) * 3, index * 3, index * 3 + 3);
    }
  return pixels;
}

/** Takes the filters of PNG away (section 9 of its specification), line by line. */
function unfiltered(
  data: Buffer,
  { width, height, samples }: { width: number; height: number; samples: number },
): Buffer {
  const length = width * samples;
  const lines = Buffer.alloc(length * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (length + 1)] ?? 0;
    const at = (line: number, x: number): number => (x < 0 || line < 0 ? 0 : (lines[line * length + x] ?? 0));
    for (let x = 0; x < length; x++) {
      const guess = predicted(filter, at(y, x - samples), at(y - 1, x), at(y - 1, x - samples));
      lines[y * length + x] = (data[y * (length + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return lines;
}

/** What a filter expects a byte to be, from those to the left, above, and above to the left. */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const far = (each: number): number => Math.abs(left + above - corner - each);
  if (far(left) <= far(above) && far(left) <= far(corner)) return left;
  return far(above) <= far(corner) ? above : corner;
}

/**
 * The palette. With more than 256 colours it takes the most used ones that differ by more than a little. So a rare one,
 * such as that of an icon, finds a place. Each other colour is shown as the nearest of them.
 */
function paletteOf(pixels: Buffer): { palette: number[]; indexOf: (colour: number) => number } {
  const uses = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 3) {
    const colour = pixels.readUIntBE(at, 3);
    uses.set(colour, (uses.get(colour) ?? 0) + 1);
  }
  const colours = [...uses.keys()].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0));
  let palette = colours;
  for (let apart = 1; palette.length > MOST_COLOURS; apart++) palette = spread(colours, apart ** 2);
  const known = new Map(palette.map((colour, index) => [colour, index]));
  const indexOf = (colour: number): number => {
    const index = known.get(colour) ?? nearest(palette, colour).index;
    known.set(colour, index);
    return index;
  };
  return { palette, indexOf };
}

/** Those that are further apart than this, the most used first. Ends early when they are too many. */
function spread(colours: readonly number[], apart: number): number[] {
  const taken: number[] = [];
  for (const colour of colours) {
    if (nearest(taken, colour).distance > apart) taken.push(colour);
    if (taken.length > MOST_COLOURS) break;
  }
  return taken;
}

const samplesOf = (colour: number) => [colour >> 16, (colour >> 8) & 255, colour & 255] as const;

function nearest(palette: readonly number[], colour: number): { index: number; distance: number } {
  const [red, green, blue] = samplesOf(colour);
  let [index, distance] = [0, Number.POSITIVE_INFINITY];
  palette.forEach((each, at) => {
    const [r, g, b] = samplesOf(each);
    const square = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
    if (square < distance) [index, distance] = [at, square];
  });
  return { index, distance };
}

/** By polynomial 0xedb88320, as PNG wants it. `zlib.crc32` is not in Node 20.19. */
const CRC = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  let crc = 0xffffffff;
  for (const byte of named) crc = (CRC[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE((crc ^ 0xffffffff) >>> 0, named.length + 4);
  return whole;
}
