import { sync } from '../../shared/chat/sync.ts';
import { command } from './command.ts';

/** What is new in the caller's rooms, with what it missed in those that it names (P5). */
export const handler = command('sync', ({ context, caller: { user }, command: { rooms } }) =>
  sync(context, { user, ...(rooms ? { rooms } : {}) }),
);
