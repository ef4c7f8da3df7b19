import { useEffect, useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { Bar } from './bar.tsx';

/** What the service sent and this version does not understand: skipped, and said so once. */
export function Problems() {
  const parley = useParley();
  const [isNew, setIsNew] = useState(false);
  useEffect(
    () =>
      parley.on('problem', ({ what }) => {
        console.warn(`skipped what the service sent: ${what}`);
        setIsNew(true);
      }),
    [parley],
  );
  if (!isNew) return null;
  return (
    <Bar icon="info" calm>
      <span>
        Parley sent something that this version doesn’t understand, and it was skipped. Loading the page again
        may help.
      </span>
      <button type="button" onClick={() => location.reload()}>
        Load again
      </button>
      <button type="button" onClick={() => setIsNew(false)}>
        Dismiss
      </button>
    </Bar>
  );
}
