/** Which files get a thumbnail, and what the rest of the service needs of who makes them. */

/** Pixels. */
export interface ThumbnailSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Makes a thumbnail of the image under one key, and puts it under another, marked as in no message yet.
 *
 * @returns its size; undefined where there is none to be had, for whatever reason: it never fails.
 */
export type MakeThumbnail = (image: {
  readonly from: string;
  readonly to: string;
  /** Bytes. */
  readonly size: number;
}) => Promise<ThumbnailSize | undefined>;

const TYPES: ReadonlySet<string> = new Set(['image/gif', 'image/jpeg', 'image/png', 'image/webp']);
/** Of an image at most: it is held in memory as a whole. */
const MOST_BYTES = 32 * 1024 ** 2;

/** Whether a file may have a thumbnail. */
export function isShown({
  contentType,
  size,
}: {
  readonly contentType: string;
  readonly size: number;
}): boolean {
  return TYPES.has(contentType.toLowerCase()) && size <= MOST_BYTES;
}
