/** Pictures of pages made small: few colours make up a page, so a palette of them, without any dither, is a third of the size. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const RGB = 2;
const PALETTE = 3;
const RGBA = 6;
const MOST_COLOURS = 128;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Bytes a pixel: red, green, blue, and whatever else is not kept. */
  readonly channels: number;
  readonly pixels: Buffer;
}

function* chunksOf(png: Buffer): Generator<readonly [type: string, data: Buffer]> {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error('expected a PNG, got: something else');
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield [png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length)];
    at += length + 12;
  }
}

/** Width and height, in pixels. */
export function sizeOf(png: Buffer): readonly [width: number, height: number] {
  for (const [type, data] of chunksOf(png)) {
    if (type === 'IHDR') return [data.readUInt32BE(0), data.readUInt32BE(4)];
  }
  throw new Error('expected a PNG with a header, got: none');
}

function paeth(left: number, up: number, upLeft: number): number {
  const [a, b, c] = [Math.abs(up - upLeft), Math.abs(left - upLeft), Math.abs(left + up - 2 * upLeft)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : upLeft;
}

/** What browsers write: eight bits a channel, not interlaced. */
function decode(png: Buffer): Picture {
  const data: Buffer[] = [];
  let header: Buffer | undefined;
  for (const [type, chunk] of chunksOf(png)) {
    if (type === 'IHDR') header = chunk;
    if (type === 'IDAT') data.push(chunk);
  }
  const [depth, kind, interlaced] = [header?.[8], header?.[9], header?.[12]];
  if (depth !== 8 || (kind !== RGB && kind !== RGBA) || interlaced !== 0) {
    throw new Error(`expected 8 bits of RGB or RGBA, got: depth ${depth}, colour type ${kind}`);
  }
  const [width, height] = sizeOf(png);
  const channels = kind === RGB ? 3 : 4;
  return {
    width,
    height,
    channels,
    pixels: unfiltered(inflateSync(Buffer.concat(data)), width * channels, channels),
  };
}

function unfiltered(filtered: Buffer, stride: number, channels: number): Buffer {
  const pixels = Buffer.alloc((filtered.length / (stride + 1)) * stride);
  for (let row = 0, to = 0; to < pixels.length; row++) {
    const from = row * (stride + 1);
    const filter = filtered[from];
    for (let x = 0; x < stride; x++, to++) {
      const left = x < channels ? 0 : (pixels[to - channels] as number);
      const up = row === 0 ? 0 : (pixels[to - stride] as number);
      const upLeft = x < channels || row === 0 ? 0 : (pixels[to - stride - channels] as number);
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter as number] as number;
      pixels[to] = ((filtered[from + 1 + x] as number) + predicted) & 0xff;
    }
  }
  return pixels;
}

/** The most frequent colours; of those that hardly differ, one. */
function paletteOf(counts: ReadonlyMap<number, number>): number[] {
  const chosen = new Map<number, number>();
  for (const [colour] of [...counts].sort(([, a], [, b]) => b - a)) {
    const alike = colour & 0xf8f8f8;
    if (!chosen.has(alike)) chosen.set(alike, colour);
    if (chosen.size === MOST_COLOURS) break;
  }
  return [...chosen.values()];
}

function distance(a: number, b: number): number {
  return [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 0xff) - ((b >> shift) & 0xff)) ** 2, 0);
}

function nearest(palette: readonly number[], colour: number): number {
  let best = 0;
  for (const [index, one] of palette.entries()) {
    if (distance(one, colour) < distance(palette[best] as number, colour)) best = index;
  }
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** The same picture in at most 128 colours. */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, pixels } = decode(png);
  const colours = new Uint32Array(width * height);
  const counts = new Map<number, number>();
  for (let index = 0; index < colours.length; index++) {
    const colour = pixels.readUIntBE(index * channels, 3);
    colours[index] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = paletteOf(counts);
  const places = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  // Each row begins with its filter: none is best for places in a palette.
  const rows = Buffer.alloc((width + 1) * height);
  for (const [index, colour] of colours.entries()) {
    const row = Math.floor(index / width);
    rows[row * (width + 1) + 1 + (index % width)] = places.get(colour) as number;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, PALETTE, 0, 0, 0], 8);
  const table = Buffer.alloc(palette.length * 3);
  for (const [index, colour] of palette.entries()) table.writeUIntBE(colour, index * 3, 3);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', table),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
