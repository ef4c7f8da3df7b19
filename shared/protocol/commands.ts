/** What a client can ask over its WebSocket. */
import * as z from 'zod/mini';
import {
  ClientId,
  Emoji,
  FileId,
  MAX_ATTACHMENTS,
  MAX_HISTORY_LIMIT,
  MAX_SYNC_ROOMS,
  RoomId,
  SeenSeq,
  Seq,
  Text,
} from './ids.ts';

/** A command of one action. Unknown fields are refused: `user`, `seq`, `at` and the role are the service's (P7). */
function command<A extends string, F extends z.core.$ZodLooseShape>(action: A, fields: F) {
  return z.strictObject({ action: z.literal(action), id: z.optional(ClientId), ...fields });
}

const target = { room: RoomId, target: Seq };
const HistoryLimit = z.int().check(z.gte(1), z.lte(MAX_HISTORY_LIMIT));

/** The fields of a new message, over the WebSocket and over HTTP. */
export const messageFields = {
  text: Text,
  thread: z.optional(Seq),
  attachments: z.optional(z.array(FileId).check(z.maxLength(MAX_ATTACHMENTS))),
};

/** The schema of each action's command, by action. */
export const COMMANDS = {
  sendMessage: command('sendMessage', { room: RoomId, ...messageFields }),
  editMessage: command('editMessage', { ...target, text: Text }),
  deleteMessage: command('deleteMessage', target),
  addReaction: command('addReaction', { ...target, emoji: Emoji }),
  removeReaction: command('removeReaction', { ...target, emoji: Emoji }),
  pinMessage: command('pinMessage', target),
  unpinMessage: command('unpinMessage', target),
  joinRoom: command('joinRoom', { room: RoomId }),
  leaveRoom: command('leaveRoom', { room: RoomId }),
  typing: command('typing', { room: RoomId, on: z.boolean() }),
  markRead: command('markRead', { room: RoomId, seq: SeenSeq, thread: z.optional(Seq) }),
  sync: command('sync', {
    rooms: z.optional(
      z
        .record(RoomId, SeenSeq)
        .check(
          z.refine(
            (rooms) => Object.keys(rooms).length <= MAX_SYNC_ROOMS,
            `must name at most ${MAX_SYNC_ROOMS.toLocaleString('en')} rooms`,
          ),
        ),
    ),
  }),
  history: command('history', {
    room: RoomId,
    before: z.optional(Seq),
    limit: z.optional(HistoryLimit),
    thread: z.optional(Seq),
  }),
  presence: command('presence', { room: RoomId }),
  authenticate: command('authenticate', { token: z.string().check(z.minLength(1), z.maxLength(8_192)) }),
  ping: command('ping', {}),
} as const;

export type Action = keyof typeof COMMANDS;
export type CommandOf<A extends Action> = z.infer<(typeof COMMANDS)[A]>;
export type Command = { [A in Action]: CommandOf<A> }[Action];

export const ACTIONS = Object.keys(COMMANDS) as Action[];

/** Whether a value from outside names an action. */
export function isAction(value: unknown): value is Action {
  return typeof value === 'string' && Object.hasOwn(COMMANDS, value);
}
