/** Refusals that more than one operation gives, so that they are the same everywhere. */
import { DynamoError, DynamoUnavailable } from '../data/dynamodb.ts';
import { getRoomRecord } from '../data/rooms.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { StorageUnavailable } from './file-store.ts';

/** One text for a room that does not exist and one that is hidden from the caller (P8). */
export function noSuchRoom(operation: string): ParleyError {
  return new ParleyError('not_found', operation, 'there is no such room');
}

/** What to tell of a room that is not there, or no more: by the calls that a hidden one takes (P8). */
export async function missingRefusal(
  ctx: ChatContext,
  room: RoomId,
  operation: string,
): Promise<ParleyError> {
  await getRoomRecord(ctx.chat, room);
  return noSuchRoom(operation);
}

/**
 * What to tell someone who is not a member. Always reads the room's item, also where it is known that there is none: a hidden room
 * takes the same calls as no room, so that time doesn't tell them apart (P8).
 */
export async function strangerRefusal(
  ctx: ChatContext,
  room: RoomId,
  operation: string,
): Promise<ParleyError> {
  const record = await getRoomRecord(ctx.chat, room);
  return record?.kind === 'public'
    ? new ParleyError('forbidden', operation, 'you are not a member of this room')
    : noSuchRoom(operation);
}

/** Runs an operation; a table or a storage that does not answer becomes the protocol's `unavailable`. */
export async function refusing<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof DynamoUnavailable || error instanceof StorageUnavailable || isThrottled(error)) {
      throw new ParleyError('unavailable', operation, 'the storage does not answer; send it again', {
        cause: error,
      });
    }
    throw error;
  }
}

/** A batch that the table would not take whole, however often the rest was sent again. */
function isThrottled(error: unknown): boolean {
  return error instanceof DynamoError && error.code === 'ThrottlingException';
}
