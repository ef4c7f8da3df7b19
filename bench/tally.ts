import { Samples, type Summary } from './statistics.ts';

/**
 * Keeps account of one scenario: what was sent, who is owed it, and what arrived, when, how often and in which order.
 * Pure: times are handed in.
 */
export class Tally {
  readonly #rooms: RoomTally[];
  readonly #messages: MessageRecord[] = [];
  readonly #latency = new Samples();
  #owed = 0;
  #delivered = 0;
  #doubled = 0;
  #outOfOrder = 0;
  #unknown = 0;
  #refused = 0;
  #lastDelivery = 0;
  #measuredDeliveries = 0;

  /** `members[r]` people are in room `r`; every one of them, the sender too, is owed each of the room's messages. */
  constructor(members: readonly number[]) {
    this.#rooms = members.map((count) => ({
      receivers: Array.from({ length: count }, newReceiver),
      seen: 0,
    }));
  }

  /**
   * Notes a message and gives its number, which its text has to carry.
   * @param at when it was due (open loop) or sent (closed loop), ms
   * @param measured false during the warm-up: counted in everything but latency and rates
   */
  sent(room: number, sender: number, at: number, measured: boolean): number {
    const target = this.#room(room);
    this.#owed += target.receivers.length;
    this.#messages.push({ room, sender, at, measured, rank: undefined, refused: false });
    return this.#messages.length - 1;
  }

  /** The service said no (or never answered before the connection went): nobody is owed this message. */
  refused(message: number): void {
    const record = this.#messages[message];
    if (record === undefined || record.refused) return;
    record.refused = true;
    this.#refused += 1;
    this.#owed -= this.#room(record.room).receivers.length;
  }

  /**
   * Notes that a member of a room got a message.
   * @param order the server's number for it, where it numbers; otherwise the order in which anyone first saw the room's messages is the yardstick
   * @param at ms, in the clock of `sent`
   */
  delivered(room: number, receiver: number, message: number, order: number | undefined, at: number): void {
    const record = this.#messages[message];
    const target = this.#rooms[room];
    const to = target?.receivers[receiver];
    if (record === undefined || target === undefined || to === undefined || record.room !== room) {
      this.#unknown += 1;
      return;
    }
    if (to.seen.has(message)) {
      this.#doubled += 1;
      return;
    }
    to.seen.add(message);
    record.rank ??= order ?? target.seen;
    target.seen += 1;
    const rank = order ?? record.rank;
    // A message that has two numbers for two receivers is out of order for one of them, whichever came first.
    if (rank <= to.lastRank || rank !== record.rank) this.#outOfOrder += 1;
    else to.lastRank = rank;
    this.#delivered += 1;
    if (at > this.#lastDelivery) this.#lastDelivery = at;
    if (!record.measured) return;
    this.#measuredDeliveries += 1;
    this.#latency.add(at - record.at);
  }

  /** Deliveries still missing. */
  get outstanding(): number {
    return this.#owed - this.#delivered;
  }

  /**
   * @param startedAt when the measured part began, ms
   * @param planned how long it was to send, seconds: rates are taken over that, or up to the last delivery where that came later
   */
  result(startedAt: number, planned: number): TallyResult {
    const seconds = Math.max(planned, (this.#lastDelivery - startedAt) / 1000);
    const measured = this.#messages.filter((message) => message.measured && !message.refused).length;
    return {
      latency: this.#latency.summary(),
      messages: this.#messages.length - this.#refused,
      owed: this.#owed,
      lost: Math.max(0, this.#owed - this.#delivered),
      doubled: this.#doubled,
      outOfOrder: this.#outOfOrder,
      overtaken: this.#overtaken(),
      unknown: this.#unknown,
      refused: this.#refused,
      messagesPerSecond: measured / seconds,
      deliveriesPerSecond: this.#measuredDeliveries / seconds,
    };
  }

  /** Messages that the room's order puts before an earlier one of the same sender. */
  #overtaken(): number {
    const last = new Map<number, number>();
    let overtaken = 0;
    for (const { sender, rank } of this.#messages) {
      if (rank === undefined) continue;
      const before = last.get(sender) ?? -1;
      if (rank < before) overtaken += 1;
      else last.set(sender, rank);
    }
    return overtaken;
  }

  #room(room: number): RoomTally {
    const found = this.#rooms[room];
    if (found === undefined) throw new RangeError(`unable to count; there is no room ${room}`);
    return found;
  }
}

export interface TallyResult {
  /** Milliseconds from due to delivered, one sample a delivery. */
  readonly latency: Summary;
  /** Sent and not refused, warm-up included. */
  readonly messages: number;
  readonly owed: number;
  readonly lost: number;
  readonly doubled: number;
  /** Deliveries that came after a later one of the same room. */
  readonly outOfOrder: number;
  /** Messages which the room's one order puts before an earlier one of the same sender. No promise forbids it; told all the same. */
  readonly overtaken: number;
  /** Deliveries of something that was never sent to that room. */
  readonly unknown: number;
  readonly refused: number;
  readonly messagesPerSecond: number;
  readonly deliveriesPerSecond: number;
}

interface MessageRecord {
  readonly room: number;
  readonly sender: number;
  readonly at: number;
  readonly measured: boolean;
  rank: number | undefined;
  refused: boolean;
}

interface RoomTally {
  readonly receivers: ReceiverTally[];
  seen: number;
}

interface ReceiverTally {
  readonly seen: Set<number>;
  lastRank: number;
}

function newReceiver(): ReceiverTally {
  return { seen: new Set(), lastRank: -1 };
}
