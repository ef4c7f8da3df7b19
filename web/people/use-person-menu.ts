import type { Member, Parley, Room } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { go } from '../app/use-route.ts';
import { useChat } from '../chat/chat-context.ts';
import { outranks, rightsIn } from '../rooms/rights.ts';
import type { MenuGroups, MenuItem } from '../ui/menu.tsx';
import { attempt, say } from '../ui/toasts.tsx';
import type { PersonDialogName } from './person-dialogs.tsx';

/** What can be done about somebody in a room; what may not be done is not there. */
export function usePersonMenu(
  user: string,
  room: Room,
  open: (dialog: PersonDialogName) => void,
): MenuGroups {
  const parley = useParley();
  const { me } = useChat();
  const summary = useObservable(room.summary);
  const members = useObservable(room.members);
  const { moderates, owns } = rightsIn(summary);
  const member = members.find((each) => each.user === user);
  const isBelow = summary !== undefined && (member ? outranks(summary.role, member.role) : true);
  const isOther = user !== me;
  return [
    isOther ? [message(parley, user), mention(user, room)] : [],
    owns && isOther && isBelow && member ? roleItems(member, room) : [],
    moderates && isOther && isBelow ? moderation(member, user, room, open) : [],
    isOther ? [{ label: 'Block', icon: 'ban', danger: true, onSelect: () => open('block') }] : [],
  ];
}

function message(parley: Parley, user: string): MenuItem {
  return {
    label: 'Message',
    icon: 'messageCircle',
    onSelect: () => void attempt(async () => go({ room: (await parley.openDirect(user)).id })),
  };
}

function mention(user: string, room: Room): MenuItem {
  return {
    label: 'Mention',
    icon: 'atSign',
    onSelect: () => {
      window.dispatchEvent(new CustomEvent('parley:mention', { detail: { room: room.id, user } }));
    },
  };
}

const ROLES = [
  { role: 'member', label: 'Member', icon: 'user' },
  { role: 'admin', label: 'Admin', icon: 'shield' },
  { role: 'owner', label: 'Owner', icon: 'crown' },
] as const satisfies readonly { role: Member['role']; label: string; icon: string }[];

function roleItems(member: Member, room: Room): MenuItem[] {
  return ROLES.map(({ role, label, icon }) => ({
    label,
    icon,
    checked: member.role === role,
    onSelect: () =>
      void attempt(async () => {
        await room.setRole(member.user, role);
        say(`The role is now ${label.toLowerCase()}.`);
      }),
  }));
}

function moderation(
  member: Member | undefined,
  user: string,
  room: Room,
  open: (dialog: PersonDialogName) => void,
): MenuItem[] {
  const isMuted = member?.mutedUntil !== undefined && Date.parse(member.mutedUntil) > Date.now();
  const unmute = () =>
    void attempt(async () => {
      await room.mute(user, null);
      say('The mute has ended.');
    });
  const muting: MenuItem = isMuted
    ? { label: 'Unmute', icon: 'volume2', onSelect: unmute }
    : { label: 'Mute …', icon: 'volumeX', onSelect: () => open('mute') };
  return [
    ...(member ? [muting] : []),
    ...(member
      ? [{ label: 'Remove from room', icon: 'x', danger: true, onSelect: () => open('remove') } as const]
      : []),
    { label: 'Ban from room', icon: 'ban', danger: true, onSelect: () => open('ban') },
  ];
}
