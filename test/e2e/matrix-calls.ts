import { freshName } from '../helper/account.ts';

/** What everyone has reacted with to its own message. */
export const REACTION = '🎉';

/** What a call can be about. */
export interface Scene {
  readonly room: string;
  /** Number of a message of the caller's in it; of the owner's, where the caller has none. */
  readonly own: number;
  /** Of a message of someone else, which is pinned; for the owner another one than for the others. */
  readonly other: number;
  /** Who makes the call; a name that nobody has where it is nobody. */
  readonly self: string;
  readonly token: string;
  readonly owner: string;
  /** Someone who is banned; for the owner another one than for the others. */
  readonly banned: string;
  /** A member without a role; for the owner another one than for the others. */
  readonly target: string;
  /** Someone who is in no room. */
  readonly outsider: string;
}

/** The fields of a command; or the parameters of a path that are not the room, the query and the body of a call. */
interface Ask {
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
}

/** How to make the call of a row. */
interface Way {
  ask?(scene: Scene): Ask;
  /** The call changes what the others of a room meet: it gets a room of its own. */
  readonly alone?: boolean;
  /** The call ends what its caller is: it gets people of its own. */
  readonly spends?: boolean;
}

const inRoom = (more: Readonly<Record<string, unknown>> = {}): Way => ({
  ask: ({ room }) => ({ fields: { room, ...more } }),
});
const body = (make: (scene: Scene) => unknown): Way => ({ ask: (scene) => ({ body: make(scene) }) });
const about =
  (params: (scene: Scene) => Readonly<Record<string, string>>, more: Ask = {}) =>
  (scene: Scene): Ask => ({ params: params(scene), ...more });
const NO_FILE = { file: 'a'.repeat(26) };
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** A change of a message, which comes over both ways. */
interface MessageWay {
  readonly target: 'own' | 'other';
  readonly fields?: Readonly<Record<string, string>>;
  readonly alone?: boolean;
}

const MESSAGE_WAYS: Readonly<Record<string, MessageWay>> = {
  'editMessage, its own': { target: 'own', fields: { text: 'hello again' } },
  "editMessage, another's": { target: 'other', fields: { text: 'hello again' } },
  'deleteMessage, its own': { target: 'own', alone: true },
  "deleteMessage, another's": { target: 'other', alone: true },
  addReaction: { target: 'other', fields: { emoji: '👍' } },
  'removeReaction, its own': { target: 'own', fields: { emoji: REACTION }, alone: true },
  'removeReaction, without one': { target: 'other', fields: { emoji: '🐸' } },
  pinMessage: { target: 'other' },
  unpinMessage: { target: 'other', alone: true },
};

/** The call that does the same as an action. */
const CALL_OF: Readonly<Record<string, string>> = {
  editMessage: 'PATCH /api/rooms/{room}/messages/{seq}',
  deleteMessage: 'DELETE /api/rooms/{room}/messages/{seq}',
  addReaction: 'PUT /api/rooms/{room}/messages/{seq}/reactions/{emoji}',
  removeReaction: 'DELETE /api/rooms/{room}/messages/{seq}/reactions/{emoji}',
  pinMessage: 'PUT /api/rooms/{room}/messages/{seq}/pin',
  unpinMessage: 'DELETE /api/rooms/{room}/messages/{seq}/pin',
};

const overSocket = ({ target, fields, alone = false }: MessageWay): Way => ({
  ask: (scene) => ({ fields: { room: scene.room, target: scene[target], ...fields } }),
  alone,
});

const overHttp = ({ target, fields: { emoji, ...body } = {}, alone = false }: MessageWay): Way => ({
  ask: (scene) => ({
    params: {
      seq: String(scene[target]),
      ...(emoji === undefined ? {} : { emoji: encodeURIComponent(emoji) }),
    },
    ...(Object.keys(body).length === 0 ? {} : { body }),
  }),
  alone,
});

const MEMBER = 'PUT /api/rooms/{room}/members/{user}';
const REMOVE = 'DELETE /api/rooms/{room}/members/{user}';

/** By call and, where a call comes in several ways, by what it does, as in docs/permissions.md. */
export const WAYS: Readonly<Record<string, Way>> = {
  sendMessage: inRoom({ text: 'hello' }),
  ...Object.fromEntries(
    Object.entries(MESSAGE_WAYS).flatMap(([name, way]) => {
      const [action = '', what] = name.split(', ');
      const call = CALL_OF[action] ?? '';
      return [
        [name, overSocket(way)],
        [what === undefined ? call : `${call}, ${what}`, overHttp(way)],
      ];
    }),
  ),
  joinRoom: { ...inRoom(), alone: true },
  leaveRoom: { ...inRoom(), alone: true },
  typing: inRoom({ on: true }),
  markRead: inRoom({ seq: 1 }),
  sync: {},
  history: inRoom(),
  presence: inRoom(),
  authenticate: { ask: ({ token }) => ({ fields: { token } }) },
  ping: {},

  'GET /api/rooms/{room}': {},
  'PATCH /api/rooms/{room}': body(() => ({ topic: 'Cats' })),
  'DELETE /api/rooms/{room}': { alone: true },
  'POST /api/rooms/{room}/join': { alone: true },
  'POST /api/rooms/{room}/leave': { alone: true },
  'GET /api/rooms/{room}/members': {},
  [`${MEMBER}, invites someone`]: { ask: about(({ outsider }) => ({ user: outsider }), { body: {} }) },
  [`${MEMBER}, mutes a member`]: {
    ask: (scene) => ({ params: { user: scene.target }, body: { mutedUntil: inAnHour() } }),
    alone: true,
  },
  [`${MEMBER}, makes a member an admin`]: {
    ask: about(({ target }) => ({ user: target }), { body: { role: 'admin' } }),
    alone: true,
  },
  [`${MEMBER}, mutes the owner`]: {
    ask: (scene) => ({ params: { user: scene.owner }, body: { mutedUntil: inAnHour() } }),
  },
  [`${MEMBER}, makes itself an owner`]: {
    ask: about(({ self }) => ({ user: self }), { body: { role: 'owner' } }),
  },
  [`${REMOVE}, removes a member`]: { ask: about(({ target }) => ({ user: target })), alone: true },
  [`${REMOVE}, bans a member`]: {
    ask: about(({ target }) => ({ user: target }), { query: '?ban=true' }),
    alone: true,
  },
  [`${REMOVE}, bans the owner`]: { ask: about(({ owner }) => ({ user: owner }), { query: '?ban=true' }) },
  [`${REMOVE}, removes itself`]: { ask: about(({ self }) => ({ user: self })), alone: true },
  'GET /api/rooms/{room}/bans': {},
  'DELETE /api/rooms/{room}/bans/{user}': { ask: about(({ banned }) => ({ user: banned })), alone: true },
  'PUT /api/rooms/{room}/preferences': body(() => ({ notify: 'all' })),
  'GET /api/rooms/{room}/messages': {},
  'GET /api/rooms/{room}/threads': {},
  'POST /api/rooms/{room}/messages': body(() => ({ text: 'hello' })),
  'POST /api/rooms/{room}/messages/{seq}/report': {
    ask: about(({ other }) => ({ seq: String(other) }), { body: { reason: 'It is rude.' } }),
  },
  'GET /api/rooms/{room}/messages/{seq}': { ask: about(({ other }) => ({ seq: String(other) })) },
  "GET /api/rooms/{room}/messages/{seq}, another's earlier texts": {
    ask: about(({ other }) => ({ seq: String(other) }), { query: '?edits=true' }),
  },
  'GET /api/rooms/{room}/pins': {},
  'GET /api/search, in the room': { ask: ({ room }) => ({ query: `?q=hello&room=${room}` }) },
  'POST /api/rooms/{room}/files': body(() => ({ name: 'cat.png', size: 1_000, contentType: 'image/png' })),
  'GET /api/rooms/{room}/files/{file}, one that is not there': { ask: about(() => NO_FILE) },
  'POST /api/rooms/{room}/files/{file}/parts, one that is not there': {
    ask: about(() => NO_FILE, { body: { parts: [1] } }),
  },
  'GET /api/rooms/{room}/files/{file}/parts, one that is not there': { ask: about(() => NO_FILE) },
  'POST /api/rooms/{room}/files/{file}/complete, one that is not there': { ask: about(() => NO_FILE) },
  'GET /api/rooms/{room}/export': {},
  'GET /api/rooms/{room}/reports': {},

  'GET /api/rooms': {},
  'GET /api/rooms/public': {},
  'POST /api/rooms': body(() => ({ room: freshName('room'), name: 'A room', kind: 'public' })),
  'POST /api/direct': body(({ outsider }) => ({ user: outsider })),
  'GET /api/search, in all rooms': { ask: () => ({ query: '?q=hello' }) },
  'GET /api/users': {},
  'GET /api/users/blocks': {},
  'PUT /api/users/{user}/block': { ask: about(({ outsider }) => ({ user: outsider })) },
  'DELETE /api/users/{user}/block': { ask: about(({ outsider }) => ({ user: outsider })) },
  'GET /api/auth/me': {},
  'PATCH /api/auth/me, changes the display name': body(() => ({ displayName: 'Somebody' })),
  'PATCH /api/auth/me, changes the password with a wrong one': body(() => ({
    password: { current: 'not the one', next: 'something longer' },
  })),
  'GET /api/auth/me/export': {},
  'POST /api/auth/ticket': {},
  'POST /api/auth/logout': { spends: true },
  'DELETE /api/auth/me': { spends: true },

  'POST /api/auth/register': body(() => ({ username: freshName('new'), password: 'long enough' })),
  'POST /api/auth/login, with a wrong password': body(({ self }) => ({ username: self, password: 'wrong' })),
  'POST /api/auth/refresh, with no valid token': body(() => ({ refreshToken: 'none' })),
  'GET /health': {},
  'GET /.well-known/jwks.json': {},
  'GET /api/openapi.json': {},
  'GET /api/asyncapi.json': {},
  'GET /api/docs': {},
};

/** How to make the call of a row. @throws {Error} where it is not said here. */
export function wayOf(call: string, what: string): Way {
  const way = WAYS[`${call}, ${what}`] ?? WAYS[call];
  if (!way) throw new Error(`unable to walk ${call} ${what}; matrix-calls.ts does not say how`);
  return way;
}
