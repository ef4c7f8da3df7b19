import { useSyncExternalStore } from 'react';
import { type Route, readRoute, writeRoute } from './route.ts';

let hash: string | undefined;
let route: Route = {};

function getRoute(): Route {
  if (hash !== location.hash) {
    hash = location.hash;
    route = readRoute(hash);
  }
  return route;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** What the address says is to be shown. */
export function useRoute(): Route {
  return useSyncExternalStore(subscribe, getRoute);
}

/** Shows something else; the browser's back button returns. */
export function go(to: Route): void {
  if (writeRoute(to) !== location.hash) location.hash = writeRoute(to);
}

/** The same place with something beside it, or with nothing. */
export function beside(change: Pick<Route, 'panel' | 'thread'>): void {
  const { room } = getRoute();
  go({ ...(room !== undefined && { room }), ...change });
}

/** Forgets which message was to be shown, as it has been. */
export function shown(): void {
  const { at, ...rest } = getRoute();
  if (at === undefined) return;
  history.replaceState(history.state, '', writeRoute(rest));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}
