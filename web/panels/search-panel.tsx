import { useEffect, useRef, useState } from 'react';
import { ParleyError, type Room, type SearchHit } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { go } from '../app/use-route.ts';
import { useNames } from '../people/names.ts';
import { PageList } from '../rooms/page-list.tsx';
import { roomName } from '../rooms/room-name.ts';
import { usePages } from '../rooms/use-pages.ts';
import { MarkedText } from '../text/rich-text.tsx';
import { Field } from '../ui/field.tsx';
import { Empty } from '../ui/state.tsx';
import { Frame, Scroll } from './frame.tsx';
import { MessageCard } from './message-card.tsx';
import css from './panel.module.css';

interface Props {
  readonly room: Room | undefined;
  readonly name: string;
  readonly onClose: () => void;
}

/** Finds messages by their words, in one room or in all; each leads to its place. */
export function SearchPanel({ room, name, onClose }: Props) {
  const [words, setWords] = useState('');
  const [isHere, setIsHere] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const scope = isHere ? room : undefined;
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  return (
    <Frame title="Search" onClose={onClose}>
      <Scroll>
        <search>
          <form ref={form} className={css.form} onSubmit={(event) => event.preventDefault()}>
            <Field
              label="Words to look for"
              type="search"
              value={words}
              maxLength={200}
              onChange={(event) => setWords(event.target.value)}
            />
            {room && (
              <label className={css.check}>
                <input
                  type="checkbox"
                  checked={isHere}
                  onChange={(event) => setIsHere(event.target.checked)}
                />
                Only in {name}
              </label>
            )}
          </form>
        </search>
        {words.trim() === '' ? (
          <Empty icon="search" title="Find what was said">
            All words have to be in a message. Capitals and accents don’t matter; the last word may be its
            beginning.
          </Empty>
        ) : (
          <Hits words={words.trim()} room={scope} />
        )}
      </Scroll>
    </Frame>
  );
}

function Hits({ words, room }: { readonly words: string; readonly room: Room | undefined }) {
  const parley = useParley();
  const pages = usePages(`${room?.id ?? ''} ${words}`, (cursor) =>
    parley
      .search(words, { ...(room && { room: room.id }), ...(cursor !== undefined && { cursor }) })
      .catch(inOtherWords),
  );
  return (
    <PageList
      label="Found messages"
      pages={pages}
      none={
        <Empty icon="search" title="Nothing found">
          No message of your rooms holds all these words.
        </Empty>
      }
    >
      {(hit) => (
        <li key={`${hit.room} ${hit.seq}`}>
          <Hit hit={hit} />
        </li>
      )}
    </PageList>
  );
}

/** What is refused has no word to look for, or too many. */
function inOtherWords(error: unknown): never {
  const isRefused = error instanceof ParleyError && error.code === 'bad_request';
  throw isRefused ? new Error('Look for fewer words, or for one that is less common') : error;
}

function Hit({ hit }: { readonly hit: SearchHit }) {
  const rooms = useObservable(useParley().rooms);
  const nameOf = useNames();
  const room = rooms.find((each) => each.room === hit.room);
  return (
    <MessageCard
      message={hit}
      where={room ? `in ${roomName(room, nameOf)}` : undefined}
      text={<MarkedText {...excerpt(hit)} />}
      onOpen={() => go({ room: hit.room, at: hit.seq, panel: 'search' })}
    />
  );
}

/** What stands before the first marked word, at most, in UTF-16 code units: so that the word is seen. */
const BEFORE = 60;

/** The text from a little before the first match on. */
function excerpt({ text = '', matches }: SearchHit) {
  const first = matches[0]?.[0] ?? 0;
  if (first <= 2 * BEFORE) return { text, ranges: matches };
  const blank = text.indexOf(' ', first - BEFORE);
  const start = blank >= 0 && blank < first ? blank + 1 : first;
  const ranges = matches.map(([from, to]) => [from - start + 2, to - start + 2] as const);
  return { text: `… ${text.slice(start)}`, ranges };
}
