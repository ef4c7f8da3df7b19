/** How many colours people are told apart by: as many as `avatar.module.css` has. */
export const HUES = 8;

/** The colour of a user: the same everywhere and always. FNV-1a, whose last bits differ for names that are alike. */
export function hueOf(user: string): number {
  let hash = 0x811c9dc5;
  for (const character of user) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) % HUES;
}

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  const initials = letters.map(
    (word) => [...(word ?? '')].find((letter) => /[\p{L}\p{N}]/u.test(letter)) ?? '',
  );
  return initials.join('').toLocaleUpperCase() || '?';
}
