/** Pixels as a picture shows them, where a camera was held otherwise: https://exiftool.org/TagNames/EXIF.html, `Orientation`. */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of each pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** @param orientation 1 to 8, as EXIF counts; anything else counts as 1. */
export function upright({ width, height, pixels }: Pixels, orientation: number): Pixels {
  if (!(orientation >= 2 && orientation <= 8)) return { width, height, pixels };
  // Beyond 4 rows stand as columns.
  const isTransposed = orientation >= 5;
  const isMirrored = [2, 3, 7, 8].includes(orientation);
  const isUpsideDown = [3, 4, 6, 7].includes(orientation);
  const [wide, high] = isTransposed ? [height, width] : [width, height];
  const from = new Uint32Array(pixels.slice().buffer);
  const turned = new Uint32Array(from.length);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [column, row] = isTransposed ? [y, x] : [x, y];
      const sourceX = isMirrored ? width - 1 - column : column;
      const sourceY = isUpsideDown ? height - 1 - row : row;
      turned[y * wide + x] = from[sourceY * width + sourceX] ?? 0;
    }
  }
  return { width: wide, height: high, pixels: new Uint8Array(turned.buffer) };
}
