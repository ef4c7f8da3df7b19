/** One image made small, in WebAssembly: the decoder is Rust's `image` crate. Nothing of the image but its pixels is in what comes out. */
import { initPhoton, PhotonImage, resize, SamplingFilter } from '@cf-wasm/photon/others';
import { GIF } from 'image-size/types/gif';
import type { ISizeCalculationResult } from 'image-size/types/interface';
import { JPG } from 'image-size/types/jpg';
import { PNG } from 'image-size/types/png';
import { WEBP } from 'image-size/types/webp';
import type { ThumbnailSize } from '../../../shared/chat/thumbnails.ts';
import { upright } from './upright.ts';

export interface SmallImage extends ThumbnailSize {
  readonly contentType: 'image/jpeg' | 'image/png';
  readonly bytes: Uint8Array;
}

/** Longest side of a thumbnail, pixels. */
const SIDE = 320;
/**
 * Pixels of an image at most. Some kilobytes can hold as many pixels as they like: a decoder takes 14 bytes of memory for each (560 MB
 * for these, measured) and, on a whole virtual processor, some seconds.
 */
const MOST_PIXELS = 40_000_000;
/** Of 100; beyond that a small picture gets larger and no better. */
const JPEG_QUALITY = 80;

/** @param module photon's, compiled. */
export function prepare(module: WebAssembly.Module): void {
  initPhoton.sync({ module });
}

/**
 * Of an animation its first picture. Never larger than the image.
 *
 * @throws {Error} for what has too many pixels, or is no image that it knows.
 */
export function shrink(bytes: Uint8Array): SmallImage {
  // By the header, before anything is unpacked.
  const { width, height, orientation = 1 } = measure(bytes);
  if (!(width > 0 && height > 0 && width * height <= MOST_PIXELS)) {
    throw new Error(`unable to make a thumbnail; the image has ${width} by ${height} pixels`);
  }
  const image = PhotonImage.new_from_byteslice(bytes);
  const [wide, high] = [image.get_width(), image.get_height()];
  const scale = Math.min(1, SIDE / Math.max(wide, high));
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  const small = scale === 1 ? image : resize(image, side(wide), side(high), SamplingFilter.Triangle);
  const turned = upright(
    { width: small.get_width(), height: small.get_height(), pixels: small.get_raw_pixels() },
    orientation,
  );
  const result = new PhotonImage(turned.pixels, turned.width, turned.height);
  const isOpaque = turned.pixels.every((value, index) => index % 4 !== 3 || value === 255);
  return {
    width: turned.width,
    height: turned.height,
    contentType: isOpaque ? 'image/jpeg' : 'image/png',
    bytes: isOpaque ? result.get_bytes_jpeg(JPEG_QUALITY) : result.get_bytes(),
  };
}

function measure(bytes: Uint8Array): ISizeCalculationResult {
  const format = [JPG, PNG, GIF, WEBP].find(({ validate }) => validate(bytes));
  if (!format) throw new Error('unable to make a thumbnail; it is no image of a known format');
  return format.calculate(bytes);
}
