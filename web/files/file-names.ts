import type { Attachment } from '../../client/index.ts';

type Named = Pick<Attachment, 'name'>;
/** A message's text holds 4,000 characters; ten names of 255 fit. */
const BETWEEN = ', ';

/** The text of a message that is files alone. */
export function namesOf(files: readonly Named[]): string {
  return files.map(({ name }) => name).join(BETWEEN);
}

/** Whether a text is nothing but its files' names: they are shown with the files. */
export function isNamesOnly(text: string, files: readonly Named[] | undefined): boolean {
  return files !== undefined && files.length > 0 && text === namesOf(files);
}

/** `640 bytes`, `12 KB`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const units = ['KB', 'MB', 'GB'];
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power - 1]}`;
}
