import { createContext, use } from 'react';
import type { Parley } from '../../client/index.ts';
import type { Config } from './config.ts';

export interface Surroundings {
  readonly parley: Parley;
  readonly config: Config;
}

export const SurroundingsContext = createContext<Surroundings | undefined>(undefined);

/** The client and the service's settings, from anywhere below the app. */
export function useSurroundings(): Surroundings {
  const surroundings = use(SurroundingsContext);
  if (!surroundings) throw new Error('unable to render; there is no client above');
  return surroundings;
}

/** The client. */
export function useParley(): Parley {
  return useSurroundings().parley;
}
