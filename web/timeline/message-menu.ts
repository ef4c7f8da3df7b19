import type { SentMessage } from '../../client/index.ts';
import { writeRoute } from '../app/route.ts';
import type { MenuGroups, MenuItem } from '../ui/menu.tsx';
import { attempt, say } from '../ui/toasts.tsx';
import type { MessageDialogName } from './message-dialogs.tsx';
import type { TimelineSurroundings } from './room-context.ts';

/** What the menu of a message has for who looks at it: what may not be done is not there. */
export function menuOf(
  item: SentMessage,
  { room, me, moderates, pins, edit }: TimelineSurroundings,
  open: (dialog: MessageDialogName) => void,
): MenuGroups {
  const isMine = item.user === me;
  const own: MenuItem[] = [
    ...(isMine ? [{ label: 'Edit', icon: 'pencil', onSelect: () => edit(item.seq) } as const] : []),
    ...(pins ? [pinItem(item, room)] : []),
  ];
  const copies: MenuItem[] = [
    { label: 'Copy text', icon: 'copy', onSelect: () => copy(item.text ?? '', 'Text copied.') },
    {
      label: 'Copy link',
      icon: 'link',
      onSelect: () =>
        copy(`${location.origin}/${writeRoute({ room: room.id, at: item.seq })}`, 'Link copied.'),
    },
  ];
  const seen = item.editedAt && (isMine || moderates);
  const last: MenuItem[] = [
    ...(seen ? [{ label: 'Earlier versions', icon: 'clock', onSelect: () => open('edits') } as const] : []),
    ...(isMine ? [] : [{ label: 'Report', icon: 'flag', onSelect: () => open('report') } as const]),
    ...(isMine || moderates
      ? [{ label: 'Delete', icon: 'trash2', danger: true, onSelect: () => open('delete') } as const]
      : []),
  ];
  return [own, copies, last];
}

function pinItem(item: SentMessage, room: TimelineSurroundings['room']): MenuItem {
  return item.pinned
    ? { label: 'Unpin', icon: 'pinOff', onSelect: () => void attempt(() => room.unpin(item.seq)) }
    : { label: 'Pin', icon: 'pin', onSelect: () => void attempt(() => room.pin(item.seq)) };
}

function copy(text: string, done: string): void {
  void attempt(async () => {
    await navigator.clipboard.writeText(text);
    say(done);
  });
}
