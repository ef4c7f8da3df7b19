import { lazy, Suspense } from 'react';

const CreateRoom = lazy(async () => ({ default: (await import('./create-room.tsx')).CreateRoom }));
const Discover = lazy(async () => ({ default: (await import('./discover.tsx')).Discover }));
const NewDirect = lazy(async () => ({ default: (await import('./new-direct.tsx')).NewDirect }));

export type RoomDialogName = 'create' | 'discover' | 'direct';

interface Props {
  readonly open: RoomDialogName | undefined;
  readonly onClose: () => void;
}

/** The dialogs that lead to another room; each is loaded when it is opened. */
export function RoomDialogs({ open, onClose }: Props) {
  return (
    <Suspense>
      {open === 'create' && <CreateRoom onClose={onClose} />}
      {open === 'discover' && <Discover onClose={onClose} />}
      {open === 'direct' && <NewDirect onClose={onClose} />}
    </Suspense>
  );
}
