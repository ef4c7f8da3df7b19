import type { TableGrant } from './tables.ts';

/** What a route of the WebSocket API runs, and what that may do. */
export interface Route {
  /** `functions/websocket/<entry>.ts`. */
  readonly entry: string;
  readonly description: string;
  readonly chat?: TableGrant;
  readonly connections?: TableGrant;
  /** Whether it posts to connections itself. */
  readonly posts?: true;
}

/** Keys in Chat that a member's commands are about: rooms with their logs, and who is a member of what. */
const ROOMS_AND_MEMBERS = ['ROOM#*', 'USER#*'] as const;

/** Keys in Connections of a user's connections and what they are subscribed to. */
const SUBSCRIPTIONS = ['CONN#*', 'USER#*', 'SUBS#*'] as const;

/** Each command spends from its connection's rate bucket first, and learns there who speaks. */
const SPEND: TableGrant = { actions: ['UpdateItem'], keys: ['CONN#*'] };

/** An append reads HEAD, the claim and the membership, commits on HEAD, and puts the event. */
const APPEND: TableGrant = { actions: ['GetItem', 'PutItem', 'UpdateItem'], keys: ROOMS_AND_MEMBERS };

/** A change of a message is an append that looks at the message first, and at what the log says of it lately. */
const CHANGE_MESSAGE: Pick<Route, 'chat' | 'connections'> = {
  chat: { ...APPEND, actions: [...APPEND.actions, 'Query'] },
  connections: SPEND,
};

/** A change of membership is an append; then it puts the membership and the subscriptions of the user's connections. */
const CHANGE_MEMBERSHIP: Pick<Route, 'chat' | 'connections'> = {
  chat: APPEND,
  connections: {
    actions: ['UpdateItem', 'Query', 'GetItem', 'PutItem', 'DeleteItem'],
    keys: SUBSCRIPTIONS,
  },
};

/** Every route key of the API; the handler of an action has its name, in kebab case. */
export const ROUTES: Readonly<Record<string, Route>> = {
  $connect: {
    entry: 'connect',
    description: 'Checks who connects, and subscribes the connection to its user’s rooms',
    // The public keys; the user's memberships; whether the session has ended.
    chat: { actions: ['GetItem', 'Query'], keys: ['KEYS', 'USER#*', 'SESSIONS#*'] },
    // A ticket is deleted by its use; the rest are the connection's own items, the shards of its rooms, and the user's others.
    connections: {
      actions: ['DeleteItem', 'BatchWriteItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Query'],
      keys: ['TICKET#*', ...SUBSCRIPTIONS],
    },
  },
  $disconnect: {
    entry: 'disconnect',
    description: 'Takes a closed connection’s items away',
    // A frame that calls its action so is refused as any other, at the price of any other.
    connections: { actions: ['UpdateItem', 'DeleteItem', 'BatchWriteItem'], keys: SUBSCRIPTIONS },
  },
  $default: {
    entry: 'default',
    description: 'Answers what is not a known command',
    connections: SPEND,
  },
  sendMessage: {
    entry: 'send-message',
    description: 'Appends a message to a room’s log',
    // A reply looks at what its thread began with, a message with files at these.
    chat: { actions: [...APPEND.actions, 'Query', 'BatchGetItem'], keys: ROOMS_AND_MEMBERS },
    connections: SPEND,
  },
  editMessage: {
    entry: 'edit-message',
    description: 'Gives a message another text',
    ...CHANGE_MESSAGE,
  },
  deleteMessage: {
    entry: 'delete-message',
    description: 'Deletes a message',
    ...CHANGE_MESSAGE,
  },
  addReaction: {
    entry: 'add-reaction',
    description: 'Adds a reaction to a message',
    ...CHANGE_MESSAGE,
  },
  removeReaction: {
    entry: 'remove-reaction',
    description: 'Takes a reaction back',
    ...CHANGE_MESSAGE,
  },
  pinMessage: {
    entry: 'pin-message',
    description: 'Pins a message',
    ...CHANGE_MESSAGE,
  },
  unpinMessage: {
    entry: 'unpin-message',
    description: 'Takes a message from the pinned ones',
    ...CHANGE_MESSAGE,
  },
  joinRoom: {
    entry: 'join-room',
    description: 'Makes the user a member of a room',
    ...CHANGE_MEMBERSHIP,
  },
  leaveRoom: {
    entry: 'leave-room',
    description: 'Ends the user’s membership of a room',
    ...CHANGE_MEMBERSHIP,
  },
  typing: {
    entry: 'typing',
    description: 'Tells a room that the user types',
    // The room's head and item, the membership; in a direct room, a block.
    chat: { actions: ['GetItem'], keys: ROOMS_AND_MEMBERS },
    // Who listens there.
    connections: { actions: ['UpdateItem', 'Query'], keys: ['CONN#*', 'SUBS#*'] },
    posts: true,
  },
  markRead: {
    entry: 'mark-read',
    description: 'Moves the read mark of a room or a thread',
    // The room's head and item, the event up to which was read, or the next where that one's time is over; the mark is on the membership, or an item of its own. What is not
    // settled, and by the index the replies of a thread.
    chat: { actions: ['GetItem', 'UpdateItem', 'Query'], keys: ROOMS_AND_MEMBERS, index: true },
    // The user's other connections, and who listens in the room.
    connections: { actions: ['UpdateItem', 'Query'], keys: SUBSCRIPTIONS },
    posts: true,
  },
  sync: {
    entry: 'sync',
    description: 'Answers with all that a client missed',
    // The user's memberships, their rooms' heads, and what each log holds since.
    chat: { actions: ['Query', 'BatchGetItem'], keys: ROOMS_AND_MEMBERS },
    connections: SPEND,
  },
  history: {
    entry: 'history',
    description: 'Answers with a page of a room’s messages',
    // The room's head and item, the membership, and a stretch of the log; of a thread the numbers by the index, then the replies.
    chat: {
      actions: ['GetItem', 'Query', 'BatchGetItem'],
      keys: ROOMS_AND_MEMBERS,
      index: true,
    },
    connections: SPEND,
  },
  presence: {
    entry: 'presence',
    description: 'Tells who of a room is online',
    // The room's head and item, and the membership.
    chat: { actions: ['GetItem'], keys: ROOMS_AND_MEMBERS },
    // Who is online in the room, and who has left it.
    connections: { actions: ['UpdateItem', 'Query'], keys: ['CONN#*', 'SUBS#*'] },
  },
  ping: {
    entry: 'ping',
    description: 'Keeps a connection alive',
    connections: SPEND,
  },
  authenticate: {
    entry: 'authenticate',
    description: 'Prolongs a connection’s life with a fresh token',
    // The public keys; whether the session has ended, where it is another than the connection's.
    chat: { actions: ['GetItem'], keys: ['KEYS', 'SESSIONS#*'] },
    connections: SPEND,
  },
};
