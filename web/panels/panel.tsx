import { useMemo } from 'react';
import { useParley } from '../app/parley-context.ts';
import type { Route } from '../app/route.ts';
import { useMaybe } from '../app/use-observable.ts';
import { useRoomName } from '../rooms/room-name.ts';
import { MembersPanel } from './members-panel.tsx';
import { PinsPanel } from './pins-panel.tsx';
import { SearchPanel } from './search-panel.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { ThreadPanel } from './thread-panel.tsx';
import { ThreadsPanel } from './threads-panel.tsx';

interface Props {
  readonly route: Route;
  readonly onClose: () => void;
}

/** What the address says stands beside. */
export function Panel({ route: { room: id, panel, thread }, onClose }: Props) {
  const parley = useParley();
  const room = useMemo(() => (id === undefined ? undefined : parley.room(id)), [parley, id]);
  const summary = useMaybe(room?.summary);
  const name = useRoomName(summary);
  if (panel === 'search') {
    return <SearchPanel key={id} room={summary ? room : undefined} name={name} onClose={onClose} />;
  }
  if (!room || !summary) return null;
  const props = { room, summary, name, onClose };
  if (thread !== undefined) return <ThreadPanel key={`${id} ${thread}`} {...props} root={thread} />;
  switch (panel) {
    case 'members':
      return <MembersPanel key={id} {...props} />;
    case 'pins':
      return <PinsPanel key={id} {...props} />;
    case 'settings':
      return <SettingsPanel key={id} {...props} />;
    case 'threads':
      return <ThreadsPanel key={id} {...props} />;
    default:
      return null;
  }
}
