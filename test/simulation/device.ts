import { type Client, CommandRefusal, HandshakeRefusal, openClient } from '../helper/client.ts';
import { pause } from '../helper/endpoint.ts';
import type { DataOf, Frame, RoomEvent } from '../helper/wire.ts';
import { ask, isTransient } from './ask.ts';
import type { Command } from './history.ts';
import type { Person } from './person.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

/** How long a device waits before it tries again what the service could not do. */
const RETRY_PAUSE = 50;

/** A person's device: one connection at a time, and what it holds of each room. */
export class Device {
  readonly name: string;
  readonly person: Person;
  readonly #recorder: Recorder;
  readonly #rooms: ReadonlySet<string>;
  /** The numbers that it holds, by room. */
  readonly #held = new Map<string, Set<number>>();
  /** Commands that were never answered: they are sent again when the connection is back. */
  readonly #outbox: Command[] = [];
  #client: Client | undefined;
  #connection: number | undefined;

  /** @param rooms those of this run; a user may be in others. */
  constructor(name: string, person: Person, recorder: Recorder, rooms: ReadonlySet<string>) {
    this.name = name;
    this.person = person;
    this.#recorder = recorder;
    this.#rooms = rooms;
  }

  /** The connection, if it is open. */
  get client(): Client | undefined {
    return this.#client?.isOpen ? this.#client : undefined;
  }

  /** The number under which the last connection is written down. */
  get connection(): number | undefined {
    return this.#connection;
  }

  /** Opens a connection, gets what was missed, and sends again what was never answered. */
  async connect(): Promise<Client> {
    for (;;) {
      const client = await this.#dial();
      if ((await this.sync(client)) && (await this.#sendOutbox(client))) return client;
    }
  }

  /** The open connection, or a new one. */
  async online(): Promise<Client> {
    return this.client ?? (await this.connect());
  }

  /** Sends a command over this device's connection; without an answer it goes to the outbox. */
  async send(command: Command): Promise<void> {
    const client = await this.online();
    if ((await this.person.send(command, client)) === 'unknown') this.#outbox.push(command);
  }

  /** Loses the connection, perhaps with commands under way, and comes back after a while. */
  async cut(underWay: readonly Command[], random: Random): Promise<void> {
    const client = await this.online();
    const sending = underWay.map((command) => this.send(command));
    await pause(random.between(0, 12));
    client.terminate();
    await Promise.all([...sending, client.closed]);
    await pause(random.between(0, 60));
    await this.connect();
  }

  /** Closes the connection as a client that goes home does, and comes back after a while. */
  async reopen(random: Random): Promise<void> {
    const client = await this.online();
    await client.close();
    await pause(random.between(0, 60));
    await this.connect();
  }

  /** Gets what was missed; false where the connection went away meanwhile. */
  async sync(client: Client): Promise<boolean> {
    for (;;) {
      const answer = await this.#syncOnce(client);
      if (!answer) return false;
      let again = false;
      for (const { room, events, more } of answer.rooms) {
        if (!this.#rooms.has(room)) continue;
        // A room that another device joined: the next round asks for all of it.
        again ||= more || !this.person.inside.has(room);
        this.person.inside.add(room);
        for (const event of events) this.#hold(room, event);
      }
      if (!again) return true;
    }
  }

  /** Reads the newest page of a room's history. */
  async readPage(room: string): Promise<void> {
    const client = await this.online();
    const page = this.#recorder.number();
    this.#recorder.note({ kind: 'page asked', page, user: this.person.user, room });
    const reply = await ask(client, { action: 'history', room, limit: 30 });
    if (!reply || (this.person.expectsCrashes && reply.error && isTransient(reply.error.code))) return;
    if (reply.error) {
      this.#recorder.note({ kind: 'page refused', page, code: reply.error.code });
    } else {
      const { messages } = reply.data as DataOf['history'];
      this.#recorder.note({ kind: 'page read', page, messages });
    }
  }

  /** Ends it all. */
  close(): void {
    this.#client?.terminate();
  }

  /** The open connection, or a new one as soon as the service lets it in. */
  async #dial(): Promise<Client> {
    for (;;) {
      try {
        return await this.#dialOnce();
      } catch (error) {
        const again = this.person.expectsCrashes && error instanceof HandshakeRefusal && error.status >= 500;
        if (!again) throw error;
        await pause(RETRY_PAUSE);
      }
    }
  }

  async #dialOnce(): Promise<Client> {
    const connection = this.#recorder.number();
    const { user, account, expectsCrashes } = this.person;
    this.#recorder.note({ kind: 'dialled', connection, user, device: this.name });
    const hear = (frame: Frame): void => {
      if (frame.type !== 'events' || !this.#rooms.has(frame.room)) return;
      for (const event of frame.events) {
        this.#recorder.note({ kind: 'heard', connection, room: frame.room, event });
        this.#hold(frame.room, event);
      }
    };
    const client = await openClient(account.endpoint, { token: account.token, expectsCrashes }, hear);
    this.#recorder.note({ kind: 'opened', connection });
    this.#client = client;
    this.#connection = connection;
    void client.closed.then(({ code }) => {
      const by = client.isLeaving ? 'client' : 'service';
      this.#recorder.note({ kind: 'closed', connection, by, code });
    });
    return client;
  }

  async #syncOnce(client: Client): Promise<DataOf['sync'] | undefined> {
    const sync = this.#recorder.number();
    const { user, inside } = this.person;
    const rooms = Object.fromEntries([...inside].map((room) => [room, this.#lastWithoutGap(room)]));
    this.#recorder.note({ kind: 'sync asked', sync, user, device: this.name, rooms });
    const reply = await ask(client, { action: 'sync', rooms });
    if (reply?.error && this.person.expectsCrashes && isTransient(reply.error.code)) {
      await pause(RETRY_PAUSE);
      return this.#syncOnce(client);
    }
    if (reply?.error) throw new CommandRefusal('sync', reply);
    const answer = reply?.data as DataOf['sync'] | undefined;
    if (answer) this.#recorder.note({ kind: 'synced', sync, rooms: answer.rooms });
    return answer;
  }

  async #sendOutbox(client: Client): Promise<boolean> {
    for (let command = this.#outbox[0]; command; command = this.#outbox[0]) {
      if ((await this.person.send(command, client)) === 'unknown') return false;
      this.#outbox.shift();
    }
    return true;
  }

  #hold(room: string, event: RoomEvent): void {
    const { seen } = this.person;
    if (event.type === 'message.created' && !this.#held.get(room)?.has(event.seq)) {
      seen.set(room, [...(seen.get(room) ?? []), event]);
    }
    const held = this.#held.get(room) ?? new Set();
    this.#held.set(room, held.add(event.seq));
  }

  #lastWithoutGap(room: string): number {
    const held = this.#held.get(room);
    let last = 0;
    while (held?.has(last + 1)) last++;
    return last;
  }
}
