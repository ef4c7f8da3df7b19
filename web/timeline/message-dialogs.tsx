import { type FormEvent, lazy, Suspense, useState } from 'react';
import type { SentMessage } from '../../client/index.ts';
import { Name } from '../people/person.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Actions, Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import { say } from '../ui/toasts.tsx';
import dialogs from './message-dialogs.module.css';
import { useTimeline } from './room-context.ts';

const Edits = lazy(async () => ({ default: (await import('./edits.tsx')).Edits }));

export type MessageDialogName = 'delete' | 'report' | 'edits';

interface Props {
  readonly item: SentMessage;
  readonly onClose: () => void;
}

/** What is asked before something is done about a message. */
export function MessageDialogs({ open, ...props }: Props & { readonly open: MessageDialogName }) {
  switch (open) {
    case 'delete':
      return <Delete {...props} />;
    case 'report':
      return <Report {...props} />;
    case 'edits':
      return (
        <Suspense>
          <Edits {...props} />
        </Suspense>
      );
  }
}

function Delete({ item, onClose }: Props) {
  const { room } = useTimeline();
  return (
    <Confirm
      title="Delete this message?"
      action="Delete"
      onConfirm={() => room.delete(item.seq)}
      onClose={onClose}
    >
      <p>It is deleted for everyone, with its files. That can’t be taken back.</p>
      <Quoted item={item} />
    </Confirm>
  );
}

function Report({ item, onClose }: Props) {
  const { room } = useTimeline();
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get('reason') ?? '').trim();
    setState({ busy: true });
    try {
      await room.report(item.seq, reason);
      say('Reported. The admins of this room will see it.');
      onClose();
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <Dialog title="Report this message" onClose={onClose}>
      <Quoted item={item} />
      <form className={dialogs.form} onSubmit={send}>
        <TextField label="What is wrong with it?" name="reason" required maxLength={500} autoFocus />
        <ErrorText>{state.error}</ErrorText>
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={state.busy}>
            Report
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}

function Quoted({ item }: { readonly item: SentMessage }) {
  return (
    <blockquote className={dialogs.quote}>
      <strong>
        <Name user={item.user} />
      </strong>
      <p>{item.text}</p>
    </blockquote>
  );
}
