import { type FormEvent, useId, useState } from 'react';
import type { Member, Person, Room } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { usePages } from '../rooms/use-pages.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import { say } from '../ui/toasts.tsx';
import css from './panel.module.css';

interface Props {
  readonly room: Room;
  readonly members: readonly Member[];
}

/** Makes somebody a member. */
export function Invite({ room, members }: Props) {
  const parley = useParley();
  const [name, setName] = useState('');
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const listId = useId();
  const prefix = name.trim().toLowerCase().replace(/^@/, '');
  const people = usePages<Person>(prefix, async () =>
    prefix ? parley.users({ prefix, limit: 10 }) : { items: [] },
  );
  const invite = async (event: FormEvent) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      await room.invite(prefix);
      say(`${prefix} is a member now.`);
      setName('');
      setState({});
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  const others = people.items.filter(({ user }) => !members.some((member) => member.user === user));
  return (
    <form className={css.form} onSubmit={invite}>
      <div className={css.inline}>
        <Field
          label="Invite someone"
          placeholder="Username"
          value={name}
          required
          autoCapitalize="none"
          autoComplete="off"
          list={listId}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" look="primary" busy={state.busy} disabled={prefix === ''}>
          Invite
        </Button>
      </div>
      <datalist id={listId}>
        {others.map(({ user, displayName }) => (
          <option key={user} value={user}>
            {displayName}
          </option>
        ))}
      </datalist>
      <ErrorText>{state.error}</ErrorText>
    </form>
  );
}
