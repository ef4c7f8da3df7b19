import { useState } from 'react';
import type { Room } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { go } from '../app/use-route.ts';
import { useChat } from '../chat/chat-context.ts';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorText, Skeleton } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';

/** In place of a room that the user is not in: not yet, not any more, or there is none. */
export function NotAMember({ room }: { readonly room: Room }) {
  const { status } = useObservable(useParley().state);
  const { knowsRooms } = useChat();
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  if (status === 'connecting' || status === 'catching-up') {
    return <Skeleton label="Loading the room" lines={8} />;
  }
  if (!knowsRooms) {
    return (
      <Empty icon="wifiOff" title="This room can’t be shown yet">
        <p>Nothing of it is kept on this device. It appears once Parley can be reached.</p>
      </Empty>
    );
  }
  const join = async () => {
    setState({ busy: true });
    try {
      await room.join();
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <Empty icon="hash" title="You are not in this room">
      <p>
        You can join it if it is public. A private one takes an invitation, and there may be none of that
        name.
      </p>
      <ErrorText>{state.error}</ErrorText>
      <p>
        <Button look="primary" busy={state.busy} onClick={join}>
          Join #{room.id}
        </Button>{' '}
        <Button onClick={() => go({})}>Back to rooms</Button>
      </p>
    </Empty>
  );
}
