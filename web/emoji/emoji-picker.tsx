import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import css from './emoji.module.css';
import { EMOJI_GROUPS, type EmojiEntry, type EmojiGroup, findEmoji } from './emoji-data.ts';
import { recentEmoji, rememberEmoji } from './recent.ts';

/** Emoji in a row of the grid. */
const COLUMNS = 8;

/** All emoji in groups, with a search; arrows move about in the grid. */
export function EmojiPicker({ onPick }: { readonly onPick: (emoji: string) => void }) {
  const [query, setQuery] = useState('');
  const [name, setName] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus({ preventScroll: true }), []);
  const groups = useMemo(() => groupsFor(query), [query]);
  const pick = (emoji: string) => {
    rememberEmoji(emoji);
    onPick(emoji);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrows move among the buttons in it.
    <div className={css.picker} onKeyDown={moveInGrid}>
      <div className={css.search}>
        <input
          ref={input}
          type="search"
          className={css.input}
          aria-label="Search emoji"
          placeholder="Search emoji"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            const first = groups[0]?.entries[0];
            if (event.key === 'Enter' && first) pick(first.emoji);
          }}
        />
      </div>
      <div className={css.scroll}>
        {groups.map((group) => (
          <Group key={group.name} group={group} onPick={pick} onName={setName} />
        ))}
        {groups.length === 0 && <p className={css.title}>No emoji is called that.</p>}
      </div>
      <div className={css.name} aria-hidden="true">
        {name || 'Pick an emoji'}
      </div>
    </div>
  );
}

interface GroupProps {
  readonly group: EmojiGroup;
  readonly onPick: (emoji: string) => void;
  readonly onName: (name: string) => void;
}

function Group({ group, onPick, onName }: GroupProps) {
  return (
    <section className={css.group} aria-label={group.name}>
      <h3 className={css.title}>{group.name}</h3>
      <div className={css.grid}>
        {group.entries.map(({ emoji, name }) => (
          <button
            key={emoji}
            type="button"
            className={css.emoji}
            aria-label={name}
            data-emoji={emoji}
            onClick={() => onPick(emoji)}
            onPointerEnter={() => onName(name)}
            onFocus={() => onName(name)}
          >
            {emoji}
          </button>
        ))}
      </div>
    </section>
  );
}

function groupsFor(query: string): readonly EmojiGroup[] {
  if (query.trim() !== '') {
    const entries = findEmoji(query);
    return entries.length > 0 ? [{ name: 'Found', entries }] : [];
  }
  const all = new Map(EMOJI_GROUPS.flatMap(({ entries }) => entries.map((entry) => [entry.emoji, entry])));
  const recent = recentEmoji()
    .map((emoji) => all.get(emoji))
    .filter((entry): entry is EmojiEntry => entry !== undefined);
  return [{ name: 'Often used', entries: recent }, ...EMOJI_GROUPS];
}

function moveInGrid(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (step === undefined) return;
  const isInput = event.target instanceof HTMLInputElement;
  if (isInput && event.key !== 'ArrowDown') return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-emoji]')];
  const at = buttons.indexOf(event.target as HTMLElement);
  const next = isInput ? buttons[0] : buttons[at + step];
  event.preventDefault();
  next?.focus();
}
