import type { SentMessage } from '../../client/index.ts';
import { listOf, useNames } from '../people/names.ts';
import { attempt } from '../ui/toasts.tsx';
import css from './message.module.css';
import { useTimeline } from './room-context.ts';

/** How many reacted with what; pressing one adds one's own, or takes it away. */
export function Reactions({ item }: { readonly item: SentMessage }) {
  const { room } = useTimeline();
  const nameOf = useNames();
  const reactions = Object.entries(item.reactions).filter(([, { count }]) => count > 0);
  if (reactions.length === 0) return null;
  const toggle = (emoji: string, mine: boolean) =>
    attempt(() => (mine ? room.unreact(item.seq, emoji) : room.react(item.seq, emoji)));
  return (
    <fieldset className={css.reactions} aria-label="Reactions">
      {reactions.map(([emoji, { count, users, mine }]) => {
        const unnamed = count - users.length;
        const names = [...users.map(nameOf), ...(unnamed > 0 ? [`${unnamed} more`] : [])];
        return (
          <button
            key={emoji}
            type="button"
            className={css.reaction}
            aria-pressed={mine}
            aria-label={`${emoji} ${count}, from ${listOf(names, 10)}`}
            title={listOf(names, 10)}
            onClick={() => toggle(emoji, mine)}
          >
            <span>{emoji}</span>
            <span className={css.reactionCount}>{count}</span>
          </button>
        );
      })}
    </fieldset>
  );
}
