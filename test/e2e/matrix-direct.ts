import { type Account, bodyOf, freshName, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { outcomeOf, speak } from './matrix.ts';
import { type Scene, wayOf } from './matrix-calls.ts';
import { type DirectRow, type OneOfPair, PAIR } from './permissions.ts';

/** One of the two in a direct room. */
interface Place {
  readonly account: Account;
  readonly partner: Account;
  readonly room: string;
  readonly partners: number;
  /** Its own messages: the first is every row's, each of the others one's that ends it. */
  readonly own: number[];
}

/** Messages that rows of a pair may use up. */
const SPARE = 5;

/** Two direct rooms, in one of which the one has blocked the other; and somebody else. */
export class Pairs {
  readonly #places: Readonly<Record<'member' | 'blocked', Place>>;
  readonly #stranger: Account;

  private constructor(member: Place, blocked: Place, stranger: Account) {
    this.#places = { member, blocked };
    this.#stranger = stranger;
  }

  static async gather(): Promise<Pairs> {
    const [alice, bob, carol, dave, stranger] = await people(
      endpoint(),
      ...(['member', 'partner', 'blocked', 'blocker', 'stranger'] as const),
    );
    const [member, blocked] = await Promise.all([meet(alice, bob), meet(carol, dave)]);
    bodyOf(await dave.call('PUT', `/api/users/${carol.user}/block`), 204);
    return new Pairs(member, blocked, stranger);
  }

  /** What each person is told. */
  async walk(row: DirectRow): Promise<Record<OneOfPair, string>> {
    const outcomes: Partial<Record<OneOfPair, string>> = {};
    for (const person of PAIR) {
      const place = this.#places[person === 'blocked' ? 'blocked' : 'member'];
      const account = person === 'stranger' ? this.#stranger : place.account;
      const own = this.#ownOf(row, person, place);
      outcomes[person] = await outcomeOf(row, sceneOf(place, account, own), account.token);
    }
    return outcomes as Record<OneOfPair, string>;
  }

  #ownOf({ call, what }: DirectRow, person: OneOfPair, { own }: Place): number {
    const spends = wayOf(call, what).alone && person !== 'stranger';
    return (spends && own.length > 1 ? own.pop() : own[0]) ?? 0;
  }
}

async function meet(account: Account, partner: Account): Promise<Place> {
  const { room } = bodyOf<{ room: string }>(
    await account.call('POST', '/api/direct', { user: partner.user }),
    201,
  );
  const partners = await speak(partner, room);
  const own: number[] = [];
  for (let count = 0; count <= SPARE; count++) own.push(await speak(account, room));
  bodyOf(await partner.call('PUT', `/api/rooms/${room}/messages/${partners}/pin`), 200);
  return { account, partner, room, partners, own };
}

function sceneOf({ room, partner, partners }: Place, account: Account, own: number): Scene {
  return {
    room,
    own,
    other: partners,
    self: account.user,
    token: account.token,
    owner: partner.user,
    banned: partner.user,
    target: partner.user,
    outsider: freshName('outsider'),
  };
}
