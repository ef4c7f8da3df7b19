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
