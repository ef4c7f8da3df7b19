import { type FormEvent, useState } from 'react';
import type { Room, RoomSummary } from '../../client/index.ts';
import { isShorter, retentionChoices, retentionText } from '../rooms/retention.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
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

type Changes = Parameters<Room['update']>[0];

/** Changes a room: for its admins. */
export function RoomForm({ room, summary }: { readonly room: Room; readonly summary: RoomSummary }) {
  const [kind, setKind] = useState<'public' | 'private'>(summary.kind === 'private' ? 'private' : 'public');
  const [pause, setPause] = useState(String(summary.slowModeSeconds));
  const [kept, setKept] = useState(String(summary.retentionDays ?? ''));
  const [asked, setAsked] = useState<Changes>();
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const update = async (changes: Changes) => {
    await room.update(changes);
    say('Saved.');
  };
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const retentionDays = kept === '' ? null : Number(kept);
    const changes = {
      name: String(given.get('name') ?? '').trim(),
      topic: String(given.get('topic') ?? '').trim(),
      kind,
      slowModeSeconds: Number(pause),
      retentionDays,
    };
    if (isShorter(summary.retentionDays, retentionDays)) return setAsked(changes);
    setState({ busy: true });
    try {
      await update(changes);
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
        <Choice<string>
          label="Keep messages"
          hint="Older ones are deleted for everyone, with their files."
          value={kept}
          options={retentionChoices(kept)}
          onChange={setKept}
        />
        <ErrorText>{state.error}</ErrorText>
        <div className={css.buttons}>
          <Button type="submit" look="primary" busy={state.busy}>
            Save changes
          </Button>
        </div>
      </form>
      {asked && (
        <Confirm
          title="Delete older messages?"
          action="Delete and save"
          onConfirm={() => update(asked)}
          onClose={() => setAsked(undefined)}
        >
          {retentionText(asked.retentionDays)} Those that are older now are gone for everyone, for good.
        </Confirm>
      )}
    </section>
  );
}
