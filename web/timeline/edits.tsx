import { useEffect, useState } from 'react';
import type { SentMessage } from '../../client/index.ts';
import { fullTime } from '../time/format.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ErrorText, Skeleton } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import css from './message-dialogs.module.css';
import { useTimeline } from './room-context.ts';

interface Version {
  readonly text: string;
  readonly at: string;
}

/** What a message said before, the first text first. */
export function Edits({ item, onClose }: { readonly item: SentMessage; readonly onClose: () => void }) {
  const { room } = useTimeline();
  const [versions, setVersions] = useState<readonly Version[]>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    room.edits(item.seq).then(
      ({ edits = [] }) => setVersions(edits),
      (failure: unknown) => setError(textOf(failure)),
    );
  }, [room, item.seq]);
  return (
    <Dialog title="Earlier versions" onClose={onClose}>
      <ErrorText>{error}</ErrorText>
      {!versions && !error && <Skeleton label="Loading" lines={2} />}
      <ol className={css.edits}>
        {versions?.map(({ text, at }) => (
          <li key={at}>
            <time className={css.time} dateTime={at}>
              {fullTime(at)}
            </time>
            <blockquote className={css.quote}>{text}</blockquote>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
