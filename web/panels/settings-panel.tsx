import { lazy, Suspense } from 'react';
import type { Notify } from '../../client/index.ts';
import { retentionText } from '../rooms/retention.ts';
import { rightsIn } from '../rooms/rights.ts';
import { Choice } from '../ui/field.tsx';
import { attempt, say } from '../ui/toasts.tsx';
import { Frame, Scroll } from './frame.tsx';
import { LeaveRoom } from './leave-room.tsx';
import css from './panel.module.css';
import type { PanelProps } from './panel-props.ts';

const RoomForm = lazy(async () => ({ default: (await import('./room-form.tsx')).RoomForm }));
const ExportRoom = lazy(async () => ({ default: (await import('./export-room.tsx')).ExportRoom }));
const Moderation = lazy(async () => ({ default: (await import('./moderation.tsx')).Moderation }));

const NOTIFY = [
  { value: 'all', label: 'Every message' },
  { value: 'mentions', label: 'Mentions only' },
  { value: 'nothing', label: 'Nothing' },
] as const satisfies readonly { value: Notify; label: string }[];

/** What a room is, what one is told of it, and for its admins what can be changed and what was reported. */
export function SettingsPanel({ room, summary, name, onClose }: PanelProps) {
  const { moderates, owns } = rightsIn(summary);
  const isDirect = summary.kind === 'direct';
  const choose = (notify: Notify) =>
    attempt(async () => {
      await room.setNotify(notify);
      say('Saved.');
    });
  return (
    <Frame title="Room details" about={name} onClose={onClose}>
      <Scroll>
        {!moderates && !isDirect && <About summary={summary} />}
        <section className={css.section}>
          <Choice<Notify>
            label="Notify me about"
            value={isDirect && summary.notify !== 'nothing' ? 'all' : summary.notify}
            options={isDirect ? NOTIFY.filter(({ value }) => value !== 'mentions') : NOTIFY}
            onChange={choose}
          />
        </section>
        <Suspense>
          {moderates && <RoomForm key={summary.room} room={room} summary={summary} />}
          {moderates && <Moderation room={room} />}
          {(moderates || isDirect) && <ExportRoom room={room} name={name} />}
        </Suspense>
        {!isDirect && <LeaveRoom room={room} name={name} owns={owns} />}
      </Scroll>
    </Frame>
  );
}

function About({ summary }: Pick<PanelProps, 'summary'>) {
  return (
    <section className={css.section} aria-label="About">
      <h3 className={css.sectionTitle}>{summary.name}</h3>
      <p className={css.soft}>{summary.topic || 'It has no topic.'}</p>
      <p className={css.soft}>
        {summary.kind === 'private' ? 'Private: by invitation only.' : 'Public: anyone can join.'}{' '}
        {retentionText(summary.retentionDays)}
      </p>
    </section>
  );
}
