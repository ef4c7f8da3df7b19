import { useEffect, useState } from 'react';
import type { ConnectionState } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { counted } from '../time/format.ts';
import { Bar } from './bar.tsx';

/** Shorter than this a connection that is opened or catches up is not worth a word, ms. */
const PATIENCE_MS = 700;

/** How the client stands to the service, where it is not simply online. */
export function ConnectionBar() {
  const parley = useParley();
  const state = useObservable(parley.state);
  const isSlow = useLasting(state.status);
  switch (state.status) {
    case 'online':
      return null;
    case 'connecting':
      return isSlow ? (
        <Bar icon="rotateCw" calm>
          Connecting …
        </Bar>
      ) : null;
    case 'catching-up':
      return isSlow ? (
        <Bar icon="rotateCw" calm>
          Catching up with what you missed …
        </Bar>
      ) : null;
    case 'offline':
      return <Offline state={state} onRetry={() => parley.retryNow()} />;
    case 'closed':
      return <Closed reason={state.reason} onRetry={() => parley.retryNow()} />;
  }
}

function Offline({
  state,
  onRetry,
}: {
  state: Extract<ConnectionState, { status: 'offline' }>;
  onRetry: () => void;
}) {
  const seconds = useCountdown(state);
  const words = {
    network: 'You are offline.',
    unreachable: 'Parley can’t be reached.',
    nonsense: 'Parley answers something that isn’t understood.',
  } as const;
  return (
    <Bar icon="wifiOff">
      <span>{words[state.reason]} What you write is kept and sent later.</span>
      <span aria-hidden="true">
        {seconds > 0 ? `Next try in ${counted(seconds, 'second')}.` : 'Trying …'}
      </span>
      <button type="button" onClick={onRetry}>
        Try now
      </button>
    </Bar>
  );
}

function Closed({ reason, onRetry }: { readonly reason: string; readonly onRetry: () => void }) {
  return (
    <Bar icon="wifiOff">
      <span>
        {reason === 'going_away'
          ? 'You have Parley open in too many places: this one was closed.'
          : 'This page is not connected any more.'}
      </span>
      <button type="button" onClick={onRetry}>
        Use it here
      </button>
    </Bar>
  );
}

/** Whether something has been so for longer than a moment. */
function useLasting(status: string): boolean {
  const [lasting, setLasting] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => setLasting(status), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [status]);
  return lasting === status;
}

/** Seconds until the next try, counted down. */
function useCountdown(state: { readonly retryInMs: number }): number {
  const [left, setLeft] = useState(() => Math.ceil(state.retryInMs / 1_000));
  useEffect(() => {
    const end = performance.now() + state.retryInMs;
    const tick = () => setLeft(Math.max(0, Math.ceil((end - performance.now()) / 1_000)));
    tick();
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [state]);
  return left;
}
