import type { OutgoingMessage, SentMessage, TimelineItem } from '../../client/index.ts';
import { Attachments } from '../files/attachments.tsx';
import { isNamesOnly } from '../files/file-names.ts';
import { RichText } from '../text/rich-text.tsx';
import { fullTime } from '../time/format.ts';
import { EditForm } from './edit-form.tsx';
import css from './message.module.css';
import { OutgoingState } from './outgoing-state.tsx';
import { Reactions } from './reactions.tsx';
import { Replies } from './replies.tsx';
import { useTimeline } from './room-context.ts';

interface Props {
  readonly item: TimelineItem;
  readonly isEditing: boolean;
}

/** What a message says, and what became of it. */
export function MessageBody({ item, isEditing }: Props) {
  if (item.status === 'sent') return <Sent item={item} isEditing={isEditing} />;
  return <Outgoing item={item} />;
}

function Sent({ item, isEditing }: { readonly item: SentMessage; readonly isEditing: boolean }) {
  const { me, room, isThread } = useTimeline();
  const { deleted, text = '', attachments, mentions, everyone, editedAt, replyCount } = item;
  if (deleted) {
    return (
      <>
        <p className={css.deleted}>This message was deleted.</p>
        {!isThread && replyCount !== undefined && replyCount > 0 && <Replies item={item} />}
      </>
    );
  }
  if (isEditing) return <EditForm item={item} />;
  return (
    <>
      {!isNamesOnly(text, attachments) && (
        <div className={css.text}>
          <RichText text={text} mentions={mentions} everyone={everyone} me={me} />
        </div>
      )}
      {editedAt && (
        <span className={css.note} title={`Edited ${fullTime(editedAt)}`}>
          (edited)
        </span>
      )}
      {attachments && attachments.length > 0 && <Attachments room={room} attachments={attachments} />}
      <Reactions item={item} />
      {!isThread && replyCount !== undefined && replyCount > 0 && <Replies item={item} />}
    </>
  );
}

function Outgoing({ item }: { readonly item: OutgoingMessage }) {
  const { me, room } = useTimeline();
  const { text, attachments } = item;
  return (
    <>
      {!isNamesOnly(text, attachments) && (
        <div className={css.text}>
          <RichText text={text} me={me} />
        </div>
      )}
      {attachments && attachments.length > 0 && <Attachments room={room} attachments={attachments} />}
      <OutgoingState item={item} />
    </>
  );
}
