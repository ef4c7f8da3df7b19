/** PNG files of few colours, as pictures of a page have few: a third of what a browser writes. */
import UPNG from 'upng-js';

const COLORS = 256;

/** The same picture with a palette. */
export function smallPng(png: Uint8Array): Uint8Array {
  const image = UPNG.decode(new Uint8Array(png).buffer);
  return encode(UPNG.toRGBA8(image)[0] ?? new ArrayBuffer(0), image.width, image.height);
}

/** An evening at sea, painted. */
export function paintHarbour(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 4);
  const horizon = height * 0.62;
  const [sunX, sunY, sunSize] = [width * 0.68, height * 0.5, height * 0.11];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isSea = y > horizon;
      const depth = isSea ? (y - horizon) / (height - horizon) : y / horizon;
      const isSun = !isSea && Math.hypot(x - sunX, y - sunY) < sunSize;
      const glitter =
        isSea && Math.abs(x - sunX) < sunSize * (0.5 + depth) && Math.sin(y * 1.7 + x * 0.09) > 0.55;
      const sky = [38 + 205 * depth, 48 + 118 * depth, 108 + 12 * depth];
      const sea = [112 - 92 * depth, 92 - 52 * depth, 128 - 42 * depth];
      const color = isSun || glitter ? [255, 226, 164] : isSea ? sea : sky;
      pixels.set([...color, 255], (y * width + x) * 4);
    }
  }
  return encode(pixels.buffer, width, height);
}

function encode(pixels: ArrayBuffer, width: number, height: number): Uint8Array {
  return new Uint8Array(UPNG.encode([pixels], width, height, COLORS));
}
