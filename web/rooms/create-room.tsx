import { type FormEvent, useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { go } from '../app/use-route.ts';
import { Button } from '../ui/button.tsx';
import { Actions, Dialog } from '../ui/dialog.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import css from './rooms.module.css';

const KINDS = [
  { value: 'public', label: 'Public: anyone can find and join it' },
  { value: 'private', label: 'Private: by invitation only' },
] as const;

/** Makes a room, whose owner is who made it, and goes there. */
export function CreateRoom({ onClose }: { readonly onClose: () => void }) {
  const parley = useParley();
  const [kind, setKind] = useState<'public' | 'private'>('public');
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const name = String(given.get('name') ?? '').trim();
    const topic = String(given.get('topic') ?? '').trim();
    setState({ busy: true });
    try {
      const room = await parley.createRoom({ name, kind, ...(topic && { topic }) });
      onClose();
      go({ room: room.id });
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <Dialog title="Create a room" onClose={onClose}>
      <form className={css.form} onSubmit={create}>
        <Field label="Name" name="name" required maxLength={100} autoFocus placeholder="Gardening" />
        <Field
          label="Topic"
          name="topic"
          maxLength={500}
          placeholder="What it is about"
          hint="Can be left empty."
        />
        <Choice label="Who can join" value={kind} options={KINDS} onChange={setKind} />
        <ErrorText>{state.error}</ErrorText>
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={state.busy}>
            Create room
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}
