/** The WebSocket API as an AsyncAPI 3.0 document, made from the actions that have a route. */
import * as z from 'zod/mini';
import { type Action, COMMANDS } from '../../shared/protocol/commands.ts';
import { WireError } from '../../shared/protocol/errors.ts';
import {
  ClosingCode,
  EventsFrame,
  NotificationFrame,
  PresenceFrame,
  REPLIES,
} from '../../shared/protocol/frames.ts';
import { ClientId, RoomId, SeenSeq, UserId } from '../../shared/protocol/ids.ts';
import type { Recording } from './examples/recording.ts';
import { Components, type Json } from './schemas.ts';

const CHANNEL = '#/channels/socket';

/** What an action is for. */
const SUMMARY: Readonly<Record<Action, string>> = {
  sendMessage: 'Sends a message to a room.',
  editMessage: 'Changes the text of a message.',
  deleteMessage: 'Deletes a message.',
  addReaction: 'Reacts to a message.',
  removeReaction: 'Takes a reaction back.',
  pinMessage: 'Pins a message.',
  unpinMessage: 'Unpins a message.',
  joinRoom: 'Joins a room.',
  leaveRoom: 'Leaves a room.',
  typing: 'Tells a room that the user types, or stopped.',
  markRead: 'Moves the read mark of a room.',
  sync: 'Asks for all that was missed.',
  history: 'Reads messages of a room, newest first page.',
  presence: 'Asks who of a room is online.',
  authenticate: 'Gives the connection a fresh access token, so that it lives on.',
  ping: 'Keeps the connection open.',
};

/** What the service sends unasked, by type; with `Frame` where that is also a command's action or a plain word. */
const SENT = {
  events: {
    summary: 'Events of a room, ascending by `seq`; at most 32 KiB. A client sees its own, too.',
    schema: EventsFrame,
  },
  presenceFrame: {
    summary: 'Somebody who shares a room came online or went offline; in large rooms, how many are online.',
    schema: PresenceFrame,
  },
  typingFrame: {
    summary: 'Somebody types, or stopped; over after ten seconds without another.',
    schema: z.object({ type: z.literal('typing'), room: RoomId, user: UserId, on: z.boolean() }),
  },
  readFrame: {
    summary: 'Somebody has read a room up to an event.',
    schema: z.object({ type: z.literal('read'), room: RoomId, user: UserId, seq: SeenSeq }),
  },
  notification: {
    summary: 'A message concerns the user, who has not read it a few seconds after it was sent.',
    schema: NotificationFrame,
  },
  closing: {
    summary: 'Comes just before the service closes the connection.',
    schema: z.object({ type: z.literal('closing'), code: ClosingCode, reconnect: z.boolean() }),
  },
} as const;

/**
 * @param actions those that this version serves.
 * @param examples of each message, as a play of the story showed them.
 */
export function asyncApi(
  actions: readonly Action[],
  version: string,
  { messages: examples }: Recording,
): Json {
  const components = new Components();
  const messages: Record<string, Json> = {};
  const operations: Record<string, Json> = {};

  for (const action of actions) {
    messages[action] = message(
      SUMMARY[action],
      components.schema(COMMANDS[action], 'body'),
      examples[action],
    );
    messages[`${action}Reply`] = message(
      `What came of \`${action}\`.`,
      components.schema(replyOf(action), 'answer'),
      examples[`${action}Reply`],
    );
    operations[action] = {
      action: 'receive',
      title: action,
      summary: SUMMARY[action],
      channel: { $ref: CHANNEL },
      messages: [{ $ref: `${CHANNEL}/messages/${action}` }],
      reply: { channel: { $ref: CHANNEL }, messages: [{ $ref: `${CHANNEL}/messages/${action}Reply` }] },
    };
  }
  for (const [name, { summary, schema }] of Object.entries(SENT)) {
    messages[name] = message(summary, components.schema(schema, 'answer'), examples[name]);
    operations[name] = {
      action: 'send',
      title: name,
      summary,
      channel: { $ref: CHANNEL },
      messages: [{ $ref: `${CHANNEL}/messages/${name}` }],
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Parley over WebSocket',
      version,
      license: { name: 'MIT' },
      description:
        'Connect with `Authorization: Bearer <access token>`, or with `?ticket=` from `POST /api/auth/ticket`. ' +
        'A command is a JSON object of at most 32 KiB; its `id` comes back in the reply, and makes it safe to repeat.',
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: 'localhost:3000',
        pathname: '/ws',
        protocol: 'ws',
        description: 'What `npm start` runs.',
      },
    },
    channels: {
      socket: { address: '/', description: 'One connection of a user.', messages, bindings: BINDINGS },
    },
    operations,
    components: { schemas: components.schemas },
  };
}

/** What a client says when it connects. */
const BINDINGS = {
  ws: {
    query: {
      type: 'object',
      properties: { ticket: { type: 'string', description: 'Single use, 30 seconds.' } },
    },
    headers: {
      type: 'object',
      properties: { Authorization: { type: 'string', description: '`Bearer <access token>`' } },
    },
    bindingVersion: '0.1.0',
  },
};

function message(summary: string, payload: Json, examples: readonly Json[] = []): Json {
  const list = examples.map((example) => ({ payload: example }));
  return { summary, payload, ...(list.length > 0 && { examples: list }) };
}

function replyOf(action: Action): z.core.$ZodType {
  const common = { type: z.literal('reply'), id: z.optional(ClientId), action: z.literal(action) };
  return z.union([z.object({ ...common, data: REPLIES[action] }), z.object({ ...common, error: WireError })]);
}
