import { setTimeout as sleep } from 'node:timers/promises';
import { writeLog } from './log.ts';

/** Ends one part of the engine. */
export type Closer = () => Promise<void> | void;

/** In the reverse order of their making; one that fails does not keep the others from closing. */
export async function closeAll(closers: Closer[]): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) {
    try {
      await close();
    } catch (error) {
      writeLog({ at: Date.now(), level: 'error', source: 'engine', text: String(error) });
    }
  }
}

/** How long functions may take to finish when the engine ends, milliseconds. */
const GRACE_MS = 500;

/** Lets what is under way finish, for a moment; then ends what it runs on. */
export async function drain(finished: Promise<void>, end: () => Promise<unknown>): Promise<void> {
  await Promise.race([finished, sleep(GRACE_MS)]);
  await end();
  await finished;
}
