import { setClock } from '../time/clock.ts';

/** What `config.json`, beside the page, says of the service. */
export interface Config {
  /** Where sockets are opened; without it the page's own origin, `/ws`. */
  readonly webSocketUrl?: string;
  /** Accounts to try it with: a development start has some, and tells. */
  readonly demo?: { readonly users: readonly string[]; readonly password: string };
}

/** A page that waits longer for it looks broken, ms. */
const PATIENCE_MS = 5_000;

/**
 * Reads the settings, and the service's time beside them. A service that has none, or can't be reached, has the usual ones.
 */
export async function loadConfig(): Promise<Config> {
  const own = import.meta.env.VITE_WEBSOCKET;
  if (typeof own === 'string') return { webSocketUrl: own };
  try {
    const asked = Date.now();
    const response = await fetch('/config.json', {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    setClock(response.headers.get('date'), response.headers.get('age'), (asked + Date.now()) / 2);
    return response.ok ? configOf(await response.json()) : {};
  } catch {
    return {};
  }
}

function configOf(value: unknown): Config {
  if (typeof value !== 'object' || value === null) return {};
  const { webSocketUrl, demo } = value as Record<string, unknown>;
  const accounts = demoOf(demo);
  return {
    ...(typeof webSocketUrl === 'string' && webSocketUrl !== '' ? { webSocketUrl } : {}),
    ...(accounts ? { demo: accounts } : {}),
  };
}

function demoOf(value: unknown): Config['demo'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { users, password } = value as Record<string, unknown>;
  if (!Array.isArray(users) || typeof password !== 'string') return undefined;
  return { users: users.filter((user) => typeof user === 'string'), password };
}
