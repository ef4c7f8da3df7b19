/** The text of a benchmark's message: it carries its number, so that a delivery finds its send time. */

/** Characters of a message: a sentence of chat. */
const TEXT_CHARACTERS = 100;
const PREFIX = 'bench ';
const NUMBER_DIGITS = 9;
const FILLER =
  ' the quick brown fox jumps over the lazy dog, and a second fox looks on from the hill and yawns '.repeat(
    2,
  );

export function textOf(message: number): string {
  return (PREFIX + String(message).padStart(NUMBER_DIGITS, '0') + FILLER).slice(0, TEXT_CHARACTERS);
}

/** The number in a text; undefined where the text is not a benchmark's. */
export function numberOf(text: string): number | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const digits = text.slice(PREFIX.length, PREFIX.length + NUMBER_DIGITS);
  return /^\d{9}$/.test(digits) ? Number(digits) : undefined;
}
