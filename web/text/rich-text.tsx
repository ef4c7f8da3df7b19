import { memo, type ReactNode } from 'react';
import { classes } from '../ui/classes.ts';
import { isOnlyEmoji } from './emoji-only.ts';
import type { Inline } from './inline.ts';
import { type Block, parse } from './parse.ts';
import css from './rich-text.module.css';

interface Props {
  readonly text: string;
  readonly mentions?: readonly string[] | undefined;
  /** It mentions the whole room. */
  readonly everyone?: boolean | undefined;
  /** Whose mention is shown louder. */
  readonly me: string;
}

/** A message's text as elements; the text itself is only ever text. */
export const RichText = memo(function RichText({ text, mentions = [], everyone, me }: Props) {
  const mentioned = (name: string) => mentions.includes(name) || (everyone === true && name === 'room');
  const isMe = (name: string) => name === me || name === 'room';
  if (isOnlyEmoji(text)) return <div className={classes(css.text, css.large)}>{text}</div>;
  return parse(text, mentioned).map((block, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: another text is another set of blocks.
    <BlockOf key={index} block={block} isMe={isMe} />
  ));
});

function BlockOf({ block, isMe }: { readonly block: Block; readonly isMe: (name: string) => boolean }) {
  if (block.kind === 'code') {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
      <pre className={css.block} tabIndex={0}>
        <code>{block.text}</code>
      </pre>
    );
  }
  const children = block.children.map((piece, index) => inline(piece, index, isMe));
  if (block.kind === 'quote')
    return <blockquote className={classes(css.text, css.quote)}>{children}</blockquote>;
  return <div className={css.text}>{children}</div>;
}

function inline(piece: Inline, key: number, isMe: (name: string) => boolean): ReactNode {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'code':
      return (
        <code key={key} className={css.code}>
          {piece.text}
        </code>
      );
    case 'link':
      return (
        <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer">
          {piece.text}
        </a>
      );
    case 'mention':
      return (
        <span key={key} className={classes(css.mention, isMe(piece.name) && css.me)}>
          {piece.text}
        </span>
      );
    case 'strong':
      return <strong key={key}>{all(piece.children, isMe)}</strong>;
    case 'emphasis':
      return <em key={key}>{all(piece.children, isMe)}</em>;
    case 'deleted':
      return <del key={key}>{all(piece.children, isMe)}</del>;
  }
}

function all(pieces: readonly Inline[], isMe: (name: string) => boolean): ReactNode {
  return pieces.map((piece, index) => inline(piece, index, isMe));
}

/** A text with stretches of it marked, half-open ranges of UTF-16 code units: what a search found. */
export function MarkedText({
  text,
  ranges,
}: {
  readonly text: string;
  readonly ranges: readonly (readonly [start: number, end: number])[];
}) {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const [start, end] of ranges) {
    if (start < at || end > text.length) continue;
    parts.push(text.slice(at, start));
    parts.push(
      <mark key={start} className={css.marked}>
        {text.slice(start, end)}
      </mark>,
    );
    at = end;
  }
  parts.push(text.slice(at));
  return <span className={css.text}>{parts}</span>;
}
