import { type FormEvent, useState } from 'react';
import type { Room, RoomSummary } from '../../client/index.ts';
import { Button } from '../ui/button.tsx';
import { Choice, Field, TextField } from '../ui/field.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import { say } from '../ui/toasts.tsx';
import css from './panel.module.css';

const KINDS = [
  { value: 'public', label: 'Public: anyone can join' },
  { value: 'private', label: 'Private: by invitation only' },
] as const;

/** Seconds between two messages of one member. */
const PAUSES = [
  { value: '0', label: 'Off' },
  { value: '5', label: '5 seconds' },
  { value: '30', label: '30 seconds' },
  { value: '60', label: '1 minute' },
  { value: '300', label: '5 minutes' },
  { value: '3600', label: '1 hour' },
] as const;

/** Changes a room: for its admins. */
export function RoomForm({ room, summary }: { readonly room: Room; readonly summary: RoomSummary }) {
  const [kind, setKind] = useState<'public' | 'private'>(summary.kind === 'private' ? 'private' : 'public');
  const [pause, setPause] = useState(String(summary.slowModeSeconds));
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setState({ busy: true });
    try {
      await room.update({
        name: String(given.get('name') ?? '').trim(),
        topic: String(given.get('topic') ?? '').trim(),
        kind,
        slowModeSeconds: Number(pause),
      });
      say('Saved.');
      setState({});
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  const isOther = PAUSES.every(({ value }) => value !== pause);
  const pauses = isOther ? [...PAUSES, { value: pause, label: `${pause} seconds` }] : PAUSES;
  return (
    <section className={css.section} aria-label="Settings of the room">
      <form className={css.form} onSubmit={save}>
        <Field label="Name" name="name" required maxLength={100} defaultValue={summary.name} />
        <TextField label="Topic" name="topic" maxLength={500} defaultValue={summary.topic ?? ''} rows={3} />
        <Choice label="Who can join" value={kind} options={KINDS} onChange={setKind} />
        <Choice<string>
          label="Slow mode"
          hint="Time between two messages of one member. Admins need not wait."
          value={pause}
          options={pauses}
          onChange={setPause}
        />
        <ErrorText>{state.error}</ErrorText>
        <div className={css.buttons}>
          <Button type="submit" look="primary" busy={state.busy}>
            Save changes
          </Button>
        </div>
      </form>
    </section>
  );
}
