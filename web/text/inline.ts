/** A piece of a line. */
export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly href: string; readonly text: string }
  | { readonly kind: 'mention'; readonly name: string; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis' | 'deleted'; readonly children: readonly Inline[] };

/** Whether a name, in small letters, is one that the message mentions. */
export type Mentionable = (name: string) => boolean;

/** What may begin a piece. One pass over the text: each alternative is bounded by what it can't hold, so that no input is slow. */
const PIECE =
  /(?<code>`[^`\n]+`)|(?<link>\bhttps?:\/\/[^\s<>"'`]+)|(?<![\p{L}\p{N}_@.-])(?<mention>@[a-z0-9][a-z0-9_.-]{2,31})|(?<![\p{L}\p{N}*])(?<strong>\*\*(?=[^\s*])[^*\n]+(?<=[^\s*])\*\*)(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])(?<emphasis>_(?=[^\s_])[^_\n]+(?<=[^\s_])_)(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}~])(?<deleted>~~(?=[^\s~])[^~\n]+(?<=[^\s~])~~)(?![\p{L}\p{N}~])/giu;

/** What ends a sentence rather than an address. */
const LINK_ENDS = /[.,;:!?…*_~]+$/u;
/** What ends a sentence as well as a name. */
const NAME_ENDS = /[_.-]+$/;

/** Reads one run of text. */
export function inlineOf(text: string, mentioned: Mentionable): Inline[] {
  const pieces: Inline[] = [];
  let at = 0;
  const upTo = (end: number) => {
    if (end > at) pieces.push({ kind: 'text', text: text.slice(at, end) });
  };
  for (const match of text.matchAll(PIECE)) {
    const found = pieceOf(match, mentioned);
    if (!found) continue;
    upTo(match.index);
    pieces.push(found.piece);
    at = match.index + found.length;
  }
  upTo(text.length);
  return pieces;
}

interface Found {
  readonly piece: Inline;
  /** UTF-16 code units of the text that it took. */
  readonly length: number;
}

function pieceOf(match: RegExpMatchArray, mentioned: Mentionable): Found | undefined {
  const [whole] = match;
  const { code, link, mention, strong, emphasis, deleted } = match.groups ?? {};
  if (code) return { piece: { kind: 'code', text: code.slice(1, -1) }, length: whole.length };
  if (link) return linkOf(link);
  if (mention) return mentionOf(mention, mentioned);
  const within = (inner: string) => inlineOf(inner, mentioned);
  if (strong)
    return { piece: { kind: 'strong', children: within(strong.slice(2, -2)) }, length: whole.length };
  if (emphasis) {
    return { piece: { kind: 'emphasis', children: within(emphasis.slice(1, -1)) }, length: whole.length };
  }
  if (deleted) {
    return { piece: { kind: 'deleted', children: within(deleted.slice(2, -2)) }, length: whole.length };
  }
  return undefined;
}

/** An address without the sentence's end, and without a bracket that it did not open. */
function linkOf(found: string): Found | undefined {
  let text = found;
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(LINK_ENDS, '');
    if (text.endsWith(')') && count(text, ')') > count(text, '(')) text = text.slice(0, -1);
    if (text.endsWith(']') && count(text, ']') > count(text, '[')) text = text.slice(0, -1);
  }
  if (!URL.canParse(text)) return undefined;
  return { piece: { kind: 'link', href: new URL(text).href, text }, length: text.length };
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** The longest reading of a name that is mentioned: `@bob.` at a sentence's end is bob. */
function mentionOf(found: string, mentioned: Mentionable): Found | undefined {
  for (const text of [found, found.replace(NAME_ENDS, '')]) {
    const name = text.slice(1).toLowerCase();
    if (mentioned(name)) return { piece: { kind: 'mention', name, text }, length: text.length };
  }
  return undefined;
}
