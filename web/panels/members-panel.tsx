import { useMemo, useState } from 'react';
import type { Member, Room } from '../../client/index.ts';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { useName, useNames } from '../people/names.ts';
import { type PersonDialogName, PersonDialogs } from '../people/person-dialogs.tsx';
import { usePersonMenu } from '../people/use-person-menu.ts';
import { rightsIn } from '../rooms/rights.ts';
import { serviceNow } from '../time/clock.ts';
import { counted } from '../time/format.ts';
import { Avatar } from '../ui/avatar.tsx';
import { MenuButton } from '../ui/menu.tsx';
import { Frame, Scroll } from './frame.tsx';
import { Invite } from './invite.tsx';
import css from './panel.module.css';
import type { PanelProps } from './panel-props.ts';

/** Who is in the room, who of them is online, and what can be done about each. */
export function MembersPanel({ room, summary, name, onClose }: PanelProps) {
  const members = useObservable(room.members);
  const presence = useObservable(room.presence);
  const nameOf = useNames();
  // Here and not in the person's row, which is made anew when the person comes or goes: what is open stays.
  const [menuOf, setMenuOf] = useState<string>();
  const [asked, setAsked] = useState<{ readonly user: string; readonly dialog: PersonDialogName }>();
  const online = useMemo(() => new Set<string>(presence.online), [presence]);
  const sorted = useMemo(
    () => [...members].sort((a, b) => nameOf(a.user).localeCompare(nameOf(b.user))),
    [members, nameOf],
  );
  // Where there are many online, not all are named: then the counts say more than the dots.
  const groups = [
    {
      key: 'online',
      title: `Online · ${presence.count}`,
      members: sorted.filter(({ user }) => online.has(user)),
    },
    { key: 'offline', title: 'Offline', members: sorted.filter(({ user }) => !online.has(user)) },
  ];
  return (
    <Frame
      title="Members"
      about={`${name} · ${counted(members.length, 'person', 'people')}`}
      onClose={onClose}
    >
      <Scroll>
        {rightsIn(summary).moderates && <Invite room={room} members={members} />}
        {groups.map(
          (group) =>
            group.members.length > 0 && (
              <section key={group.key} aria-label={group.title}>
                <h3 className={css.groupTitle}>{group.title}</h3>
                <ul>
                  {group.members.map((member) => (
                    <Row
                      key={member.user}
                      member={member}
                      room={room}
                      online={online.has(member.user)}
                      menuOpen={member.user === menuOf}
                      onMenuChange={(open) => setMenuOf(open ? member.user : undefined)}
                      onAsk={(dialog) => setAsked({ user: member.user, dialog })}
                    />
                  ))}
                </ul>
              </section>
            ),
        )}
      </Scroll>
      {asked && (
        <PersonDialogs
          open={asked.dialog}
          user={asked.user}
          room={room}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Frame>
  );
}

function Row({
  member,
  room,
  online,
  menuOpen,
  onMenuChange,
  onAsk,
}: {
  readonly member: Member;
  readonly room: Room;
  readonly online: boolean;
  readonly menuOpen: boolean;
  readonly onMenuChange: (open: boolean) => void;
  readonly onAsk: (dialog: PersonDialogName) => void;
}) {
  const { me } = useChat();
  const { user, role, mutedUntil } = member;
  const name = useName(user);
  const groups = usePersonMenu(user, room, onAsk);
  const isMuted = mutedUntil !== undefined && Date.parse(mutedUntil) > serviceNow().getTime();
  const notes = [
    ...(role === 'member' ? [] : [role]),
    ...(isMuted ? ['muted'] : []),
    ...(user === me ? ['you'] : []),
  ];
  return (
    <li className={css.person}>
      <Avatar user={user} name={name} online={online} />
      <span className={css.personName} title={`@${user}`}>
        {name}
      </span>
      <span className={css.role}>{notes.join(', ')}</span>
      {user !== me && (
        <MenuButton
          icon="ellipsis"
          label={`Actions for ${name}`}
          groups={groups}
          initiallyOpen={menuOpen}
          onOpenChange={onMenuChange}
        />
      )}
    </li>
  );
}
