import type { Room, RoomSummary } from '../../client/index.ts';
import type { PanelName } from '../app/route.ts';
import { useObservable } from '../app/use-observable.ts';
import { beside, go, useRoute } from '../app/use-route.ts';
import { counted } from '../time/format.ts';
import { Avatar } from '../ui/avatar.tsx';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icon-paths.ts';
import css from './room.module.css';

interface Props {
  readonly room: Room;
  readonly summary: RoomSummary;
  readonly name: string;
}

/** What a room is called and about, and what can stand beside it. */
export function RoomHeader({ room, summary, name }: Props) {
  const isDirect = summary.kind === 'direct';
  return (
    <header className={css.header}>
      <span className={css.back}>
        <IconButton icon="chevronLeft" label="Back to rooms" onClick={() => go({})} />
      </span>
      <div className={css.title}>
        {isDirect ? (
          <DirectFace room={room} user={summary.with ?? ''} name={name} />
        ) : (
          <span className={css.titleIcon}>
            <Icon name={summary.kind === 'private' ? 'lock' : 'hash'} size={18} />
          </span>
        )}
        <div className={css.words}>
          <h1 className={css.name}>{name}</h1>
          {summary.topic && (
            <p className={css.topic} title={summary.topic}>
              {summary.topic}
            </p>
          )}
        </div>
      </div>
      <div className={css.buttons}>
        {!isDirect && <Members room={room} />}
        <PanelButton panel="threads" icon="messageSquareText" label="Threads" />
        <PanelButton panel="pins" icon="pin" label="Pinned messages" />
        <PanelButton panel="search" icon="search" label="Search" />
        <PanelButton panel="settings" icon="info" label="Room details" />
      </div>
    </header>
  );
}

function DirectFace({
  room,
  user,
  name,
}: {
  readonly room: Room;
  readonly user: string;
  readonly name: string;
}) {
  const presence = useObservable(room.presence);
  return <Avatar user={user} name={name} size="s" online={presence.online.some((each) => each === user)} />;
}

function Members({ room }: { readonly room: Room }) {
  const members = useObservable(room.members);
  const { panel } = useRoute();
  const isOpen = panel === 'members';
  const count = members.length;
  return (
    <button
      type="button"
      className={css.members}
      aria-pressed={isOpen}
      aria-label={count > 0 ? `Members, ${counted(count, 'person', 'people')}` : 'Members'}
      title="Members"
      onClick={() => beside(isOpen ? {} : { panel: 'members' })}
    >
      <Icon name="users" size={17} />
      {count > 0 && count}
    </button>
  );
}

function PanelButton({ panel, icon, label }: { panel: PanelName; icon: IconName; label: string }) {
  const isOpen = useRoute().panel === panel;
  return (
    <IconButton
      icon={icon}
      label={label}
      aria-pressed={isOpen}
      onClick={() => beside(isOpen ? {} : { panel })}
    />
  );
}
