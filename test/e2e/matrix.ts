import { type Account, bodyOf, call, freshName, people } from '../helper/account.ts';
import { HandshakeRefusal, openClient } from '../helper/client.ts';
import { type Endpoint, endpoint } from '../helper/endpoint.ts';
import { alteredToken } from '../helper/token.ts';
import { isRecord } from '../helper/wire.ts';
import { deviates } from './deviations.ts';
import { REACTION, type Scene, wayOf } from './matrix-calls.ts';
import { type Outcomes, PERSONS, type Person, type Row } from './permissions.ts';

type Kind = 'public' | 'private';
type Known = Exclude<Person, 'anonymous' | 'expired'>;

/** A room, and the number of the message in it that each of its people has sent. */
interface Place {
  readonly room: string;
  readonly messages: ReadonlyMap<string, number>;
}

/** People that know each other from the rooms that they share. Several rows walk with the same ones. */
export class Cast {
  readonly #known: Readonly<Record<Known, Account>>;
  /** Members that the admin and the owner act on, and people to invite, one each. */
  readonly #targets: readonly [Account, Account];
  readonly #outsiders: readonly [Account, Account];
  /** Someone else who is banned everywhere. */
  readonly #exile: Account;
  readonly #shared = new Map<Kind, Promise<Place>>();

  private constructor(
    known: Record<Known, Account>,
    others: readonly [Account, Account, Account, Account, Account],
  ) {
    this.#known = known;
    this.#targets = [others[0], others[1]];
    this.#outsiders = [others[2], others[3]];
    this.#exile = others[4];
  }

  static async gather(): Promise<Cast> {
    const where = endpoint();
    const names = ['stranger', 'banned', 'muted', 'member', 'admin', 'owner'] as const;
    const [stranger, banned, muted, member, admin, owner] = await people(where, ...names);
    const others = await people(where, 'target', 'target', 'outsider', 'outsider', 'exile');
    return new Cast({ stranger, banned, muted, member, admin, owner }, others);
  }

  /** What each person is told. */
  async walk(row: Row, kind: Kind): Promise<Outcomes> {
    const { alone = false } = wayOf(row.call, row.what);
    const place = await (alone ? this.#open(kind) : this.#openShared(kind));
    const outcomes: Partial<Record<Person, string>> = {};
    for (const person of PERSONS) {
      const scene = this.#scene(person, place);
      const token = await this.#tokenOf(person);
      outcomes[person] = await outcomeOf(row, scene, token);
    }
    return outcomes as Outcomes;
  }

  #scene(person: Person, { room, messages }: Place): Scene {
    const { owner, banned } = this.#known;
    const account = person === 'anonymous' || person === 'expired' ? undefined : this.#known[person];
    const which = person === 'owner' ? 1 : 0;
    const messageOf = (user: string): number => messages.get(user) ?? messages.get(owner.user) ?? 0;
    return {
      room,
      own: messageOf(account?.user ?? owner.user),
      other: messageOf(this.#targets[which].user),
      self: account?.user ?? freshName('nobody'),
      token: account?.token ?? 'none',
      owner: owner.user,
      banned: which === 1 ? this.#exile.user : banned.user,
      target: this.#targets[which].user,
      outsider: this.#outsiders[which].user,
    };
  }

  async #tokenOf(person: Person): Promise<string | undefined> {
    if (person === 'anonymous') return undefined;
    if (person === 'expired') return expiredToken(this.#known.stranger);
    return this.#known[person].token;
  }

  #openShared(kind: Kind): Promise<Place> {
    let place = this.#shared.get(kind);
    if (!place) {
      place = this.#open(kind);
      this.#shared.set(kind, place);
    }
    return place;
  }

  /** Opens a room in which everyone is what it is called. */
  async #open(kind: Kind): Promise<Place> {
    const { owner, admin, member, muted, banned } = this.#known;
    const room = freshName('matrix');
    bodyOf(await owner.call('POST', '/api/rooms', { room, name: 'A room', kind }), 201);
    const pathOf = ({ user }: Account) => `/api/rooms/${room}/members/${user}`;
    bodyOf(await owner.call('PUT', pathOf(admin), { role: 'admin' }), 200);
    // Shared among the two: each has its own share of the rate limits.
    for (const account of [member, muted, banned, ...this.#targets]) {
      bodyOf(await admin.call('PUT', pathOf(account), {}), 200);
    }
    const messages = new Map<string, number>();
    await Promise.all(
      [owner, admin, member, muted, banned, ...this.#targets].map(async (account) => {
        messages.set(account.user, await speak(account, room));
      }),
    );
    for (const { user } of this.#targets) {
      const pin = `/api/rooms/${room}/messages/${messages.get(user)}/pin`;
      bodyOf(await admin.call('PUT', pin), 200);
    }
    const mutedUntil = new Date(Date.now() + 3_600_000).toISOString();
    bodyOf(await owner.call('PUT', pathOf(muted), { mutedUntil }), 200);
    for (const account of [banned, this.#exile]) {
      bodyOf(await owner.call('DELETE', `${pathOf(account)}?ban=true`), 200);
    }
    return { room, messages };
  }
}

/** A command or a call, as docs/permissions.md names it. */
type Named = Pick<Row, 'call' | 'what'>;

/** What is said to who makes a call, or sends a command: `ok`, or a code. */
export function outcomeOf(row: Named, scene: Scene, token: string | undefined): Promise<string> {
  return row.call.includes(' ') ? outcomeOfCall(row, scene, token) : outcomeOfCommand(row, scene, token);
}

/** Sends a message and reacts to it; gives its number. */
export async function speak(account: Account, room: string): Promise<number> {
  const sent = await account.call('POST', `/api/rooms/${room}/messages`, {
    text: `hello from ${account.user}`,
  });
  const { seq } = bodyOf<{ seq: number }>(sent, 201);
  const reaction = `/api/rooms/${room}/messages/${seq}/reactions/${encodeURIComponent(REACTION)}`;
  bodyOf(await account.call('PUT', reaction), 200);
  return seq;
}

/**
 * A token whose time is over. Nobody but the service can sign one, and real ones last: this one was, under a signature that no longer
 * fits. What becomes of real ones is told by test/engine/live-authorisation.test.ts.
 */
function expiredToken(of: Account): string {
  return alteredToken(of.token, { exp: Math.floor(Date.now() / 1_000) - 60 });
}

async function outcomeOfCall(row: Named, scene: Scene, token: string | undefined): Promise<string> {
  const [method = '', template = ''] = row.call.split(' ');
  const { params = {}, query = '', body } = wayOf(row.call, row.what).ask?.(scene) ?? {};
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'room' ? scene.room : (params[name] ?? ''),
  );
  const answer = await call(endpoint(), method, `${path}${query}`, {
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body }),
  });
  if (answer.status < 400) return 'ok';
  const error = isRecord(answer.body) ? answer.body.error : undefined;
  return isRecord(error) ? String(error.code) : String(answer.status);
}

/** Over a connection of its own: a ban closes those that are open. */
async function outcomeOfCommand(row: Named, scene: Scene, token: string | undefined): Promise<string> {
  const { fields = {} } = wayOf(row.call, row.what).ask?.(scene) ?? {};
  try {
    const client = await openClient(endpoint(), token === undefined ? {} : { token });
    const reply = await client.ask({ action: row.call, ...fields });
    await client.close();
    return reply.error ? reply.error.code : 'ok';
  } catch (error) {
    if (error instanceof HandshakeRefusal) return codeOfHandshake(error.status);
    throw error;
  }
}

/** Some targets refuse every handshake with 403 (deviations.ts). */
function codeOfHandshake(status: number): string {
  return status === 401 || deviates('handshake-status') ? 'unauthenticated' : String(status);
}

/** The actions and the calls that the service says it serves, by its own documents. */
export async function servedCalls(where: Endpoint): Promise<string[]> {
  const asyncapi = bodyOf<{ operations: Record<string, { action: string }> }>(
    await call(where, 'GET', '/api/asyncapi.json'),
    200,
  );
  const openapi = bodyOf<{ paths: Record<string, Record<string, unknown>> }>(
    await call(where, 'GET', '/api/openapi.json'),
    200,
  );
  const commands = Object.entries(asyncapi.operations)
    .filter(([, { action }]) => action === 'receive')
    .map(([name]) => name);
  const calls = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => /^(get|post|put|patch|delete)$/.test(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  return [...commands, ...calls];
}
