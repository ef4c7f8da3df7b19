import { useState } from 'react';
import type { Parley } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { forgetAll } from '../app/storage.ts';
import { useObservable } from '../app/use-observable.ts';
import { go } from '../app/use-route.ts';
import { useChat } from '../chat/chat-context.ts';
import { keyOf } from '../composer/drafts.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { attempt } from '../ui/toasts.tsx';
import { saveExport } from './export.ts';
import { Part } from './part.tsx';
import css from './profile.module.css';

type Asked = 'here' | 'everywhere' | 'delete';

/** The ways out: logging out, taking one's data along, deleting the account. */
export function Account() {
  const parley = useParley();
  const { me } = useChat();
  const waiting = useObservable(parley.outbox).length;
  const [asked, setAsked] = useState<Asked>();
  const [isSaving, setIsSaving] = useState(false);
  const leave = async (how: (parley: Parley) => Promise<void>) => {
    await how(parley);
    // What was written here is nobody else's.
    forgetAll(keyOf(me, ''));
    go({});
  };
  const save = async () => {
    setIsSaving(true);
    await attempt(() => saveExport(parley));
    setIsSaving(false);
  };
  const logOut = () => {
    // What is not sent yet would be lost: asked first.
    if (waiting > 0) setAsked('here');
    else void attempt(() => leave((client) => client.logout()));
  };
  return (
    <Part title="Account">
      <div className={css.buttons}>
        <Button icon="logOut" onClick={logOut}>
          Log out
        </Button>
        <Button onClick={() => setAsked('everywhere')}>Log out everywhere</Button>
        <Button icon="download" busy={isSaving} onClick={save}>
          Export my data
        </Button>
        <Button look="danger" icon="trash2" onClick={() => setAsked('delete')}>
          Delete account
        </Button>
      </div>
      {asked && (
        <Question asked={asked} waiting={waiting} leave={leave} onClose={() => setAsked(undefined)} />
      )}
    </Part>
  );
}

interface QuestionProps {
  readonly asked: Asked;
  readonly waiting: number;
  readonly leave: (how: (parley: Parley) => Promise<void>) => Promise<void>;
  readonly onClose: () => void;
}

function Question({ asked, waiting, leave, onClose }: QuestionProps) {
  const unsent = waiting > 0 ? ' Messages that are not sent yet are forgotten.' : '';
  switch (asked) {
    case 'here':
      return (
        <Confirm
          title="Log out?"
          action="Log out"
          onConfirm={() => leave((client) => client.logout())}
          onClose={onClose}
        >
          You have messages that are not sent yet: they are forgotten.
        </Confirm>
      );
    case 'everywhere':
      return (
        <Confirm
          title="Log out everywhere?"
          action="Log out everywhere"
          onConfirm={() => leave((client) => client.logout({ everywhere: true }))}
          onClose={onClose}
        >
          All of your devices have to log in again.{unsent}
        </Confirm>
      );
    case 'delete':
      return (
        <Confirm
          title="Delete your account?"
          action="Delete account"
          onConfirm={() => leave((client) => client.deleteMe())}
          onClose={onClose}
        >
          You leave all rooms, and your name disappears from what you said; the messages stay. Nobody gets
          your name again, and it can’t be taken back.{unsent}
        </Confirm>
      );
  }
}
