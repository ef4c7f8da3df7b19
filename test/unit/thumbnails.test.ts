import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PhotonImage } from '@cf-wasm/photon/others';
import { JPG } from 'image-size/types/jpg';
import { PNG } from 'image-size/types/png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createShrinker,
  createThumbnailMaker,
  type ShrinkImage,
} from '../../functions/queues/thumbnails/maker.ts';
import { prepare } from '../../functions/queues/thumbnails/shrink.ts';
import { upright } from '../../functions/queues/thumbnails/upright.ts';
import { filesBeside } from '../../scripts/build/files.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { StoredFiles } from '../helper/stored-files.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = 'queues/keep-files';

let folder: string;
let files: string;
let shrink: ShrinkImage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-thumbnails-'));
  files = join(folder, ENTRY, 'files');
  await mkdir(files, { recursive: true });
  for (const { path, contents } of await filesBeside(ROOT, [ENTRY])) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), contents);
    // The pictures of these tests are made by the same library.
    if (path.endsWith('.wasm.gz')) prepare(await WebAssembly.compile(gunzipSync(contents)));
  }
  shrink = createShrinker(files);
});
afterAll(() => rm(folder, { recursive: true }));

/** A picture whose left half is red and whose right half is blue, or shows what is behind it. */
function picture(width: number, height: number, isOpaque = true): PhotonImage {
  const pixels = new Uint8Array(width * height * 4);
  for (let index = 0; index < width * height; index++) {
    const isLeft = index % width < width / 2;
    pixels.set(isLeft ? [255, 0, 0, 255] : [0, 0, 255, isOpaque ? 255 : 0], index * 4);
  }
  return new PhotonImage(pixels, width, height);
}

/** The colour of the middle of a half of a picture's bytes. */
function colourAt(bytes: Uint8Array, x: number, y: number): number[] {
  const image = PhotonImage.new_from_byteslice(bytes);
  const index = Math.floor(y * image.get_height()) * image.get_width() + Math.floor(x * image.get_width());
  return [...image.get_raw_pixels().subarray(index * 4, index * 4 + 3)].map((value) =>
    Math.round(value / 255),
  );
}

/** A JPEG that says how its camera was held. */
function held(jpeg: Uint8Array, orientation: number): Uint8Array {
  // One entry, 0x0112, of one short number.
  const entry = '12010300' + '01000000' + '00000000';
  const exif = Buffer.from(`ffe1002245786966000049492a00080000000100${entry}00000000`, 'hex');
  exif.writeUInt16LE(orientation, 28);
  return Buffer.concat([jpeg.subarray(0, 20), exif, jpeg.subarray(20)]);
}

/** One pixel of GIF, and the screen that it claims to have. */
function gif(width: number, height: number): Buffer {
  const bytes = Buffer.from('R0lGODlhAQABAIABAP8AAP///ywAAAAAAQABAAACAkQBADs=', 'base64');
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  return bytes;
}

/** The header of a PNG with so many pixels, and nothing else. */
function hugePng(width: number, height: number): Buffer {
  const bytes = Buffer.from(picture(1, 1).get_bytes());
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

describe('a thumbnail', () => {
  it.each(['jpeg', 'png', 'webp'] as const)(
    'of a %s is 320 pixels long, and shows the same',
    async (format) => {
      const image = picture(1_000, 500);
      const bytes =
        format === 'jpeg'
          ? image.get_bytes_jpeg(90)
          : format === 'png'
            ? image.get_bytes()
            : image.get_bytes_webp();
      const small = await shrink(bytes);
      expect(small).toMatchObject({ width: 320, height: 160, contentType: 'image/jpeg' });
      expect(JPG.calculate(small.bytes)).toMatchObject({ width: 320, height: 160 });
      expect(colourAt(small.bytes, 0.2, 0.5)).toEqual([1, 0, 0]);
      expect(colourAt(small.bytes, 0.8, 0.5)).toEqual([0, 0, 1]);
    },
  );

  it('of a GIF is its first picture, and of a small one as small', async () => {
    expect(await shrink(gif(1, 1))).toMatchObject({ width: 1, height: 1 });
  });

  it('keeps what is transparent, as PNG', async () => {
    const small = await shrink(picture(400, 800, false).get_bytes());
    expect(small).toMatchObject({ width: 160, height: 320, contentType: 'image/png' });
    expect(PNG.calculate(small.bytes)).toMatchObject({ width: 160, height: 320 });
    const pixels = PhotonImage.new_from_byteslice(small.bytes).get_raw_pixels();
    expect([pixels[3], pixels[159 * 4 + 3]]).toEqual([255, 0]);
  });

  it('stands upright, however the camera was held', async () => {
    const jpeg = picture(800, 400).get_bytes_jpeg(90);
    const turned = await shrink(held(jpeg, 6));
    expect(turned).toMatchObject({ width: 160, height: 320 });
    expect(colourAt(turned.bytes, 0.5, 0.2)).toEqual([1, 0, 0]);
    expect(colourAt((await shrink(held(jpeg, 3))).bytes, 0.2, 0.5)).toEqual([0, 0, 1]);
    // Two rows of three: a b c, d e f.
    const pixels = new Uint8Array(Uint32Array.from('abcdef', (letter) => letter.charCodeAt(0)).buffer);
    const shown = (orientation: number) => {
      const { width, pixels: of } = upright({ width: 3, height: 2, pixels }, orientation);
      const text = String.fromCharCode(...new Uint32Array(of.slice().buffer));
      return text.match(new RegExp(`.{${width}}`, 'g'))?.join(' ');
    };
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(shown)).toEqual([
      'abc def',
      'cba fed',
      'fed cba',
      'def abc',
      'ad be cf',
      'da eb fc',
      'fc eb da',
      'cf be ad',
      'abc def',
    ]);
  });

  it('is refused for more pixels than forty million, before any of them is unpacked', async () => {
    const before = performance.now();
    await expect(shrink(hugePng(100_000, 100_000))).rejects.toThrow('has 100000 by 100000 pixels');
    await expect(shrink(gif(65_535, 65_535))).rejects.toThrow('pixels');
    await expect(shrink(hugePng(0, 10))).rejects.toThrow();
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('is refused for what is no image, a broken one, and one that ends too early', async () => {
    const png = picture(500, 500).get_bytes();
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), hugePng(300, 300), png.subarray(0, 60)]) {
      await expect(shrink(bytes)).rejects.toThrow();
    }
    // And the next one is made.
    expect(await shrink(png)).toMatchObject({ width: 320, height: 320 });
  });

  it('takes no longer than it may, though its decoder never ends', async () => {
    const stuck = join(folder, 'stuck');
    await mkdir(stuck);
    // (module (func (export "run") (loop (br 0))))
    const endless = Buffer.from(
      '0061736d01000000010401600000030201000707010372756e00000a0901070003400c000b0b',
      'hex',
    );
    const program = `const { workerData } = require('node:worker_threads');
      new WebAssembly.Instance(workerData.module).exports.run();`;
    await writeFile(join(stuck, 'thumbnails.js.gz'), gzipSync(program));
    await writeFile(join(stuck, 'photon.wasm.gz'), gzipSync(endless));
    await expect(createShrinker(stuck, 200)(new Uint8Array(1))).rejects.toThrow('takes too long');
  });
});

describe('a maker of thumbnails', () => {
  it('puts what it made under the key, and never fails', async () => {
    const log: string[] = [];
    const logger = createLogger({ level: 'debug', write: (line) => log.push(line) });
    const store = new StoredFiles();
    const make = createThumbnailMaker({ store, shrink, logger });
    store.objects.set('a', { bytes: picture(640, 10).get_bytes(), isMarked: true });
    const size = store.objects.get('a')?.bytes.length ?? 0;
    expect(await make({ from: 'a', to: 'a.small', size })).toEqual({ width: 320, height: 5 });
    expect(store.objects.get('a.small')?.isMarked).toBe(true);
    expect(log).toEqual([]);
    store.put('b', 'no image');
    expect(await make({ from: 'b', to: 'b.small', size: 8 })).toBeUndefined();
    expect(await make({ from: 'nothing', to: 'c.small', size: 8 })).toBeUndefined();
    expect(store.objects.has('b.small')).toBe(false);
    expect(log.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', key: 'b', reason: expect.stringContaining('no image of a known format') },
      { level: 'warn', key: 'nothing' },
    ]);
  });
});
