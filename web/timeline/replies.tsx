import type { SentMessage } from '../../client/index.ts';
import { beside } from '../app/use-route.ts';
import { ago, counted } from '../time/format.ts';
import { useNow } from '../time/use-now.ts';
import { Icon } from '../ui/icon.tsx';
import css from './message.module.css';

/** How many replied, and the way to them. */
export function Replies({ item }: { readonly item: SentMessage }) {
  const now = useNow();
  const { replyCount = 0, lastReplyAt } = item;
  return (
    <button type="button" className={css.replies} onClick={() => beside({ thread: item.seq })}>
      <Icon name="messageSquareText" size={15} />
      {counted(replyCount, 'reply', 'replies')}
      {lastReplyAt && <span className={css.note}>{ago(lastReplyAt, now)}</span>}
    </button>
  );
}
