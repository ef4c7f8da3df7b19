/** Rotates the signing keys where it is due: by schedule, or at once for `npm run rotate-keys`. */
import { rotateKeys } from '../../shared/auth/rotate-keys.ts';
import { ENV } from '../../shared/environment.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { openKeyStore } from './key-store.ts';

const { env } = process;
const logger = createLogger({ level: env[ENV.logLevel], fields: { stage: env[ENV.stage] } });

/** The keys after it, none of them private. */
export interface Rotation {
  readonly keys: readonly { readonly kid: string; readonly signsFrom: string }[];
}

/** @param event `force` makes the next key though the one that signs is young. */
export async function handler(event: { readonly force?: unknown }): Promise<Rotation> {
  const { keys } = await rotateKeys({ ...openKeyStore(env), force: event.force === true });
  const shown = keys.map(({ kid, signsFrom }) => ({
    kid,
    signsFrom: new Date(signsFrom * 1_000).toISOString(),
  }));
  logger.info('signing keys looked at', { keys: keys.length, newest: shown.at(-1)?.kid });
  return { keys: shown };
}
