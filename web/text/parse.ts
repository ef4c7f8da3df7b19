/** What a message's text says beyond its letters: links, mentions, code, quotes, emphasis. Text in, plain values out. */
import { type Inline, inlineOf, type Mentionable } from './inline.ts';

export type Block =
  | { readonly kind: 'text' | 'quote'; readonly children: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string };

/** Three backticks at a line's start, perhaps a language, and the same again to close it. */
const FENCE = /^```[^\S\n]*([\w+#-]{0,20})[^\S\n]*$/;
const CLOSING_FENCE = /^```[^\S\n]*$/;
const QUOTE = /^>\s?/;

/**
 * Reads a text into blocks. Nothing is dropped but the marks themselves; what is not quite a mark stays as it was written.
 *
 * @param mentioned tells who is mentioned: any other `@name` is text.
 * @example
 * parse('see `x`'); // [{ kind: 'text', children: [{ kind: 'text', text: 'see ' }, { kind: 'code', text: 'x' }] }]
 */
export function parse(text: string, mentioned: Mentionable = () => false): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let plain: string[] = [];
  const flush = () => {
    if (plain.length > 0) blocks.push({ kind: 'text', children: inlineOf(plain.join('\n'), mentioned) });
    plain = [];
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const end = FENCE.test(line) ? closing(lines, index + 1) : undefined;
    if (end !== undefined) {
      flush();
      blocks.push({ kind: 'code', text: lines.slice(index + 1, end).join('\n') });
      index = end;
    } else if (QUOTE.test(line)) {
      flush();
      const quoted = quotedFrom(lines, index);
      blocks.push({
        kind: 'quote',
        children: inlineOf(quoted.map((each) => each.replace(QUOTE, '')).join('\n'), mentioned),
      });
      index += quoted.length - 1;
    } else {
      plain.push(line);
    }
  }
  flush();
  return blocks;
}

/** The line that closes a fence; undefined where none does: then it is no fence. */
function closing(lines: readonly string[], from: number): number | undefined {
  const at = lines.findIndex((line, index) => index >= from && CLOSING_FENCE.test(line));
  return at > from ? at : undefined;
}

function quotedFrom(lines: readonly string[], from: number): string[] {
  const rest = lines.slice(from);
  const end = rest.findIndex((line) => !QUOTE.test(line));
  return end < 0 ? rest : rest.slice(0, end);
}
