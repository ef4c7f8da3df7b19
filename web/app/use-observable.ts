import { useSyncExternalStore } from 'react';
import type { Observable } from '../../client/index.ts';

/** What an observable of the client shows now. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.getSnapshot);
}

const NOTHING: Observable<undefined> = { getSnapshot: () => undefined, subscribe: () => () => {} };

/** The same for what may be missing: nobody is asked for it then. */
export function useMaybe<T>(observable: Observable<T> | undefined): T | undefined {
  return useObservable<T | undefined>(observable ?? NOTHING);
}
