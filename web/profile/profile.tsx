import { type FormEvent, useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import { say } from '../ui/toasts.tsx';
import { Account } from './account.tsx';
import { Blocks } from './blocks.tsx';
import { NotificationSettings } from './notification-settings.tsx';
import { Part } from './part.tsx';
import css from './profile.module.css';

/** Who one is here, and all that can be changed about it. */
export function Profile({ onClose }: { readonly onClose: () => void }) {
  const session = useObservable(useParley().session);
  if (!session) return null;
  const { user, displayName } = session.user;
  return (
    <Dialog title="Your profile" onClose={onClose}>
      <div className={css.who}>
        <Avatar user={user} name={displayName} size="l" />
        <div>
          <p className={css.name}>{displayName}</p>
          <p className={css.soft}>@{user}</p>
        </div>
      </div>
      <DisplayName current={displayName} />
      <NotificationSettings />
      <Password />
      <Blocks />
      <Account />
    </Dialog>
  );
}

interface State {
  readonly busy?: boolean;
  readonly error?: string;
}

function DisplayName({ current }: { readonly current: string }) {
  const parley = useParley();
  const { directory } = useChat();
  const [name, setName] = useState(current);
  const [state, setState] = useState<State>({});
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      directory.learn([await parley.updateMe({ displayName: name.trim() })]);
      say('Saved.');
      setState({});
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <form className={css.form} onSubmit={save}>
      <div className={css.inline}>
        <Field
          label="Display name"
          value={name}
          required
          maxLength={64}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" busy={state.busy} disabled={name.trim() === current || name.trim() === ''}>
          Save
        </Button>
      </div>
      <ErrorText>{state.error}</ErrorText>
    </form>
  );
}

function Password() {
  const parley = useParley();
  const [state, setState] = useState<State>({});
  const change = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    setState({ busy: true });
    try {
      await parley.updateMe({
        password: { current: String(given.get('current') ?? ''), next: String(given.get('next') ?? '') },
      });
      form.reset();
      say('Your password is changed, and your other devices are logged out.');
      setState({});
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <Part title="Password">
      <form className={css.form} onSubmit={change}>
        <Field
          label="Current password"
          name="current"
          type="password"
          autoComplete="current-password"
          required
        />
        <Field
          label="New password"
          name="next"
          type="password"
          autoComplete="new-password"
          required
          minLength={8}
          hint="At least 8 characters. Your other devices are logged out."
        />
        <ErrorText>{state.error}</ErrorText>
        <div className={css.buttons}>
          <Button type="submit" busy={state.busy}>
            Change password
          </Button>
        </div>
      </form>
    </Part>
  );
}
