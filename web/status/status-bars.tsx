import { useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { clockAhead } from '../time/clock.ts';
import { counted } from '../time/format.ts';
import { Bar } from './bar.tsx';
import { ConnectionBar } from './connection-bar.tsx';
import { Problems } from './problems.tsx';

/** All that is not as it should be, and what still works. */
export function StatusBars() {
  return (
    <>
      <div role="status">
        <ConnectionBar />
      </div>
      <StorageBar />
      <ClockBar />
      <Problems />
    </>
  );
}

function StorageBar() {
  const storage = useObservable(useParley().storage);
  const [isDismissed, setIsDismissed] = useState(false);
  if (storage.kind === 'persistent' || isDismissed) return null;
  return (
    <Bar icon="circleAlert">
      <span>
        Nothing can be kept in this browser ({storage.reason}): messages that wait to be sent end with this
        page.
      </span>
      <button type="button" onClick={() => setIsDismissed(true)}>
        Dismiss
      </button>
    </Bar>
  );
}

function ClockBar() {
  const [isDismissed, setIsDismissed] = useState(false);
  const ahead = clockAhead();
  if (ahead === 0 || isDismissed) return null;
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  const length = minutes < 120 ? counted(minutes, 'minute') : counted(Math.round(minutes / 60), 'hour');
  return (
    <Bar icon="clock">
      <span>
        This device’s clock is about {length} {ahead > 0 ? 'fast' : 'slow'}. Messages show the times of the
        service.
      </span>
      <button type="button" onClick={() => setIsDismissed(true)}>
        Dismiss
      </button>
    </Bar>
  );
}
