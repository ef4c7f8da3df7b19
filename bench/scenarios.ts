/** The scenarios that every server is put through. */

/** A rate that is kept whatever the answers: a message's clock starts when it was due, so a stall is not left out of the figures. */
export interface OpenLoop {
  readonly kind: 'open';
  /** Messages a second over all rooms. */
  readonly perSecond: number;
}

/** One sender who keeps a number of messages unanswered. */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly unanswered: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly rooms: number;
  /** People in each room; nobody is in two. */
  readonly members: number;
  readonly load: OpenLoop | ClosedLoop;
  readonly seconds: number;
}

/** Whether "1 message a second each" means each room (the default, as the other scenarios name rates of rooms) or each person, ten times the load. */
export type Each = 'member' | 'room';

/** All scenarios, with the people that "each" names. */
export function scenarios(each: Each): readonly Scenario[] {
  const speakers = (rooms: number, members: number): number => (each === 'member' ? rooms * members : rooms);
  return [
    {
      name: 'S1',
      title: `10 rooms of 10, 1 message a second for each ${each}`,
      rooms: 10,
      members: 10,
      load: { kind: 'open', perSecond: speakers(10, 10) },
      seconds: 20,
    },
    {
      name: 'S2',
      title: 'one room of 200, 5 messages a second',
      rooms: 1,
      members: 200,
      load: { kind: 'open', perSecond: 5 },
      seconds: 20,
    },
    {
      name: 'S3a',
      title: 'one room of 50, 200 messages a second',
      rooms: 1,
      members: 50,
      load: { kind: 'open', perSecond: 200 },
      seconds: 15,
    },
    {
      name: 'S3b',
      title: 'one room of 50, one sender with 8 unanswered',
      rooms: 1,
      members: 50,
      load: { kind: 'closed', unanswered: 8 },
      seconds: 15,
    },
    {
      name: 'S4',
      title: `100 rooms of 10, 0.1 messages a second for each ${each}`,
      rooms: 100,
      members: 10,
      load: { kind: 'open', perSecond: speakers(100, 10) * 0.1 },
      seconds: 20,
    },
    {
      name: 'S5',
      title: 'one room of 1,000, 1 message a second',
      rooms: 1,
      members: 1000,
      load: { kind: 'open', perSecond: 1 },
      seconds: 15,
    },
  ];
}

/**
 * When the open loop's `n`th message is due, ms after the start: the rate rises evenly for `warmUp` seconds, then it stays. So functions that
 * were never called start under a load that they can take, and begin what is measured without a backlog.
 */
export function dueAt(n: number, perSecond: number, warmUp: number): number {
  const rising = (perSecond * warmUp) / 2;
  return n < rising ? 1000 * warmUp * Math.sqrt(n / rising) : 1000 * (warmUp + (n - rising) / perSecond);
}

/** Messages of an open loop in all, of which half as many as its rate asks for fall into the warm-up. */
export function totalOf(perSecond: number, warmUp: number, seconds: number): number {
  return Math.floor(perSecond * (warmUp / 2 + seconds));
}

/** Who says the `n`th message: the rooms take turns, and in each room its members do. */
export function speakerOf(
  n: number,
  rooms: number,
  members: number,
): { readonly room: number; readonly member: number } {
  return { room: n % rooms, member: Math.floor(n / rooms) % members };
}
