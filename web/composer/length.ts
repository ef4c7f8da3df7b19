import { MAX_TEXT_CHARACTERS } from '../../shared/protocol/ids.ts';

/** From here on the number of characters that are left is shown. */
const SOON = 300;

/** Characters that are left, where they are few or fewer than none; undefined where there is room. */
export function charactersLeft(text: string): number | undefined {
  // A character is one or two UTF-16 units: a short text need not be counted.
  if (text.length < MAX_TEXT_CHARACTERS - SOON) return undefined;
  const left = MAX_TEXT_CHARACTERS - [...text].length;
  return left <= SOON ? left : undefined;
}

/** Why a text is too long to be sent; undefined where it is not. */
export function lengthProblem(text: string): string | undefined {
  const left = charactersLeft(text);
  return left !== undefined && left < 0
    ? `${(-left).toLocaleString()} characters too long: ${MAX_TEXT_CHARACTERS.toLocaleString()} at most.`
    : undefined;
}
