import type { Inline } from './inline.ts';
import { parse } from './parse.ts';

/** A text without its marks, in one line: for excerpts. */
export function plainOf(text: string): string {
  const blocks = parse(text).map((block) => (block.kind === 'code' ? block.text : wordsOf(block.children)));
  return blocks.join(' ').replace(/\s+/g, ' ').trim();
}

function wordsOf(pieces: readonly Inline[]): string {
  return pieces.map((piece) => ('children' in piece ? wordsOf(piece.children) : piece.text)).join('');
}
