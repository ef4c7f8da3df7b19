/** What the presence functions hand on to be done later: the messages of their queue. */
import * as z from 'zod/mini';
import { RoomId, UserId } from '../protocol/ids.ts';

export const PresenceMessage = z.discriminatedUnion('kind', [
  /** Look at the user again; `retell`: tell even what was told. */
  z.object({ kind: z.literal('look'), user: UserId, retell: z.optional(z.boolean()) }),
  /** Tell how many are online in a room. */
  z.object({ kind: z.literal('count'), room: RoomId }),
  /** Tell the number to one shard of a large room. */
  z.object({ kind: z.literal('count-shard'), room: RoomId, shard: z.int(), count: z.int() }),
]);
export type PresenceMessage = z.infer<typeof PresenceMessage>;

/** Has something done after so many milliseconds; at once by default. */
export type SendLater = (message: PresenceMessage, afterMs?: number) => Promise<void>;
