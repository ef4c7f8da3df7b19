/** The story of which every example in the documents is a moment: alice and bob meet in a lobby. */
import type { FileUpload, PartAddress } from '../../../shared/protocol/rest.ts';
import type { Player } from './player.ts';

const PASSWORD = 'correct horse battery';
const room = 'lobby';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Plays it on a service that has no accounts yet. */
export async function tell(play: Player): Promise<void> {
  const alice = await play.call<Tokens>('register', {
    body: { username: 'alice', password: PASSWORD, displayName: 'Alice' },
  });
  const bob = await play.call<Tokens>('register', { body: { username: 'bob', password: PASSWORD } });
  await accounts(play, alice.accessToken);
  await rooms(play, alice.accessToken, bob.accessToken);
  await conversation(play, alice.accessToken, bob.accessToken);
  await messages(play, alice.accessToken, bob.accessToken);
  await files(play, alice.accessToken);
  await moderation(play, alice.accessToken, bob.accessToken);
  await service(play);
  await goodbye(play, alice.accessToken, bob.accessToken);
}

async function accounts(play: Player, token: string): Promise<void> {
  await play.refused('conflict', 'register', { body: { username: 'alice', password: PASSWORD } });
  await play.refused('unauthenticated', 'readTheAccount');
  await play.refused('bad_request', 'register', { body: { username: 'A', password: PASSWORD } });
  const session = await play.call<Tokens>('logIn', { body: { username: 'alice', password: PASSWORD } });
  const { refreshToken } = await play.call<Tokens>('refresh', {
    body: { refreshToken: session.refreshToken },
  });
  await play.call('refresh', { body: { refreshToken } });
  await play.call('makeATicket', { token });
  await play.call('readTheAccount', { token });
  await play.call('changeTheAccount', { token, body: { displayName: 'Alice Liddell' } });
  await play.call('exportTheAccount', { token });
}

async function rooms(play: Player, alice: string, bob: string): Promise<void> {
  await play.call('createTheRoom', {
    token: alice,
    body: { room, name: 'Lobby', kind: 'public', topic: 'Everything' },
  });
  await play.refused('not_found', 'readTheRoom', { token: alice, params: { room: 'nowhere' } });
  await play.call('readTheRoom', { token: alice, params: { room } });
  await play.refused('forbidden', 'send', { token: bob, params: { room }, body: { text: 'let me in' } });
  await play.call('join', { token: bob, params: { room } });
  await play.call('leave', { token: bob, params: { room } });
  await play.call('join', { token: bob, params: { room } });
  await play.call('listMembers', { token: alice, params: { room } });
  await play.call('listPublicRooms', { token: alice, query: { prefix: 'lob' } });
  await play.call('listPeople', { token: alice, query: { prefix: 'b' } });
}

/** The room's log so far: alice's creation is 1; bob came, went and came, up to 4. */
async function conversation(play: Player, alice: string, bob: string): Promise<void> {
  const a = await play.connect(alice);
  const b = await play.connect(bob);
  await a.hear('presence', ({ user }) => user === 'bob');
  await a.command('presence', { room });
  await a.command('ping');
  await a.command('sendMessage', { room, text: 'hello', id: 'm1' });
  await b.hear('events', (frame) => JSON.stringify(frame).includes('"m1"'));
  await b.command('typing', { room, on: true });
  await a.hear('typing');
  await b.command('markRead', { room, seq: 5 });
  await a.hear('read');
  await a.refused('not_found', 'sendMessage', { room: 'nowhere', text: 'hello', id: 'm2' });
  await play.call('send', { token: bob, params: { room }, body: { text: 'hello alice', id: 'm3' } });
  await play.call('readHistory', { token: alice, params: { room }, query: { limit: 2 } });
  await play.call('listRooms', { token: alice, query: { limit: 10 } });
  await a.command('history', { room, limit: 2 });
  await a.command('sync', { rooms: { [room]: 4 } });
  await b.command('leaveRoom', { room, id: 'm4' });
  await b.command('joinRoom', { room, id: 'm5' });
  const { accessToken } = await play.call<Tokens>('logIn', {
    body: { username: 'alice', password: PASSWORD },
  });
  await a.command('authenticate', { token: accessToken });
}

/** What becomes of alice's first message, which is event 5. */
async function messages(play: Player, alice: string, bob: string): Promise<void> {
  const a = await play.connect(alice);
  const b = await play.connect(bob);
  const target = 5;
  await a.command('editMessage', { room, target, text: 'hello everyone', id: 'm6' });
  await b.command('addReaction', { room, target, emoji: '👋', id: 'm7' });
  await b.command('removeReaction', { room, target, emoji: '👋', id: 'm8' });
  await a.command('pinMessage', { room, target, id: 'm9' });
  await a.command('unpinMessage', { room, target, id: 'm10' });
  const params = { room, seq: target };
  await play.call('edit', { token: alice, params, body: { text: 'hello all' } });
  await play.call('react', { token: bob, params: { ...params, emoji: ':wave:' } });
  await play.call('takeBackTheReaction', { token: bob, params: { ...params, emoji: ':wave:' } });
  await play.call('pin', { token: alice, params });
  await play.call('listPins', { token: bob, params: { room } });
  await play.call('unpin', { token: alice, params });
  await play.call('readTheMessage', { token: alice, params, query: { edits: 'true' } });
  await play.call('search', { token: bob, query: { q: 'hello al', room } });
  const { seq } = await a.command<{ seq: number }>('sendMessage', { room, text: 'a slip', id: 'm11' });
  await a.command('deleteMessage', { room, target: seq, id: 'm12' });
  const slip = await play.call<{ seq: number }>('send', {
    token: alice,
    params: { room },
    body: { text: 'another', id: 'm13' },
  });
  await play.call('delete', { token: alice, params: { room, seq: slip.seq } });
  const thread = target;
  const { seq: reply } = await b.command<{ seq: number }>('sendMessage', {
    room,
    thread,
    text: 'hello again',
  });
  await a.command('history', { room, thread, limit: 2 });
  await play.call('listThreads', { token: alice, params: { room } });
  await a.command('markRead', { room, thread, seq: reply });
  await play.call('setThePreferences', { token: bob, params: { room }, body: { notify: 'all' } });
  await a.command('sendMessage', { room, text: 'are you there, @bob?', id: 'm14' });
  await b.hear('notification');
}

async function files(play: Player, token: string): Promise<void> {
  const text = 'hello, file';
  const body = { name: 'hello.txt', size: text.length, contentType: 'text/plain' };
  const { file, upload } = await play.call<FileUpload>('uploadTheFile', { token, params: { room }, body });
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append('file', new Blob([text]));
  await fetch(upload.url, { method: upload.method, body: form });
  await play.callUntilReady('fetchTheFile', { token, params: { room, file }, query: { redirect: 'false' } });
  await largeFile(play, token);
}

/** The smallest file that comes in parts. */
async function largeFile(play: Player, token: string): Promise<void> {
  const body = { name: 'log.txt', size: 100_000_001, contentType: 'text/plain' };
  const { file } = await play.call<FileUpload>('uploadTheFile', { token, params: { room }, body });
  const params = { room, file };
  const wanted = { parts: [1, 2, 3, 4, 5, 6] };
  const { items } = await play.call<{ items: PartAddress[] }>('sendPartsOfTheFile', {
    token,
    params,
    body: wanted,
  });
  const partSize = 16 * 1024 ** 2;
  for (const { part, url } of items) {
    const size = Math.min(partSize, body.size - (part - 1) * partSize);
    await fetch(url, { method: 'PUT', body: Buffer.alloc(size, 'log ') });
  }
  await play.call('listPartsOfTheFile', { token, params });
  await play.call('completeTheFile', { token, params });
}

async function moderation(play: Player, alice: string, bob: string): Promise<void> {
  const b = await play.connect(bob);
  const { seq } = await play.call<{ seq: number }>('send', {
    token: alice,
    params: { room },
    body: { text: 'hello hello hello' },
  });
  await play.call('reportTheMessage', {
    token: bob,
    params: { room, seq },
    body: { reason: 'I have heard that before' },
  });
  await play.call('listReports', { token: alice, params: { room } });
  await play.call('exportTheRoom', { token: alice, params: { room } });
  await play.refused('forbidden', 'exportTheRoom', { token: bob, params: { room } });
  await play.call('changeTheMember', {
    token: alice,
    params: { room, user: 'bob' },
    body: { role: 'admin' },
  });
  await play.call('changeTheRoom', { token: alice, params: { room }, body: { topic: 'All but hello' } });
  await play.call('removeTheMember', {
    token: alice,
    params: { room, user: 'bob' },
    query: { ban: 'true' },
  });
  await b.hear('closing');
  await play.call('listBans', { token: alice, params: { room } });
  await play.call('liftTheBan', { token: alice, params: { room, user: 'bob' } });
  await play.call('blockTheUser', { token: bob, params: { user: 'alice' } });
  await play.call('listBlocks', { token: bob });
  await play.call('unblockTheUser', { token: bob, params: { user: 'alice' } });
  await play.call('openTheDirectRoom', { token: alice, body: { user: 'bob' } });
}

async function service(play: Player): Promise<void> {
  for (const operation of [
    'tellTheHealth',
    'readThePublicKeys',
    'readTheDocumentOfTheHTTPAPI',
    'readTheDocumentOfTheWebSocketAPI',
    'tryTheAPIs',
  ]) {
    await play.call(operation);
  }
}

async function goodbye(play: Player, alice: string, bob: string): Promise<void> {
  await play.call('deleteTheRoom', { token: alice, params: { room } });
  const b = await play.connect(bob);
  await play.call('logOut', { token: bob });
  await b.hear('closing');
  await play.call('deleteTheAccount', { token: alice });
}
