import type { Account, Answer } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { pause } from '../helper/endpoint.ts';
import { type ErrorCode, isRecord, type RoomEvent, type WireError } from '../helper/wire.ts';
import { ask, isTransient } from './ask.ts';
import type { Changing, Command, Moderating } from './history.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

/** What came of sending a command: a number, a code, or nobody knows. */
export type Outcome =
  | { readonly seq: number; readonly at: string }
  | { readonly code: ErrorCode }
  | 'unknown';

/** Times that a command is sent again where the service asks for it. */
const MAX_RETRIES = 20;
const RETRY_PAUSE = 50;
/** How long a mute lasts, milliseconds: some messages of a run. */
const MUTE_MS = 100;
/** How often a message mentions somebody, and the whole room. */
const MENTIONS = { somebody: 0.5, room: 0.15 };

/** A user in the simulation, who may have several devices. */
export class Person {
  readonly account: Account;
  readonly expectsCrashes: boolean;
  /** The rooms that the person believes to be in. */
  readonly inside = new Set<string>();
  /** Every message that the person meant to send, for repeating. */
  readonly said: Command[] = [];
  /** The messages that its devices have seen, by room. */
  readonly seen = new Map<string, RoomEvent[]>();
  readonly #recorder: Recorder;
  readonly #names: readonly string[];
  #lastId = 0;

  /**
   * @param expectsCrashes whether things are made to go wrong around this person.
   * @param names whom it mentions: anyone, itself among them, members or not.
   */
  constructor(
    account: Account,
    recorder: Recorder,
    { expectsCrashes = false, names = [] }: { expectsCrashes?: boolean; names?: readonly string[] } = {},
  ) {
    this.account = account;
    this.expectsCrashes = expectsCrashes;
    this.#recorder = recorder;
    this.#names = names;
  }

  get user(): string {
    return this.account.user;
  }

  /** A new message with an id and a text of its own; one in ten is long, some mention people. */
  message(room: string, random: Random): Command {
    const id = this.#nextId();
    const filler = random.chance(0.1) ? ` ${'ü🦊x '.repeat(random.between(1, 700))}` : '';
    const text = `${this.user} says ${id}${this.#calls(random)}${filler}`;
    const command = { action: 'sendMessage', room, id, text } as const;
    this.said.push(command);
    return command;
  }

  /** Decided apart, so that what a seed decided before there were mentions stays what it was. */
  #calls(decisions: Random): string {
    const random = decisions.fork(`calls ${this.#lastId}`);
    const name = random.chance(MENTIONS.somebody) ? random.pick(this.#names) : undefined;
    return `${name === undefined ? '' : ` @${name}`}${random.chance(MENTIONS.room) ? ' @room' : ''}`;
  }

  /** A new command that joins or leaves a room. */
  move(action: 'joinRoom' | 'leaveRoom', room: string): Command {
    return { action, room, id: this.#nextId() };
  }

  /** A new command that does something to a message. */
  change(action: Changing, room: string, target: number, emoji?: string): Command {
    const id = this.#nextId();
    const text = action === 'editMessage' ? { text: `${this.user} corrects ${id}` } : {};
    return { action, room, id, target, ...text, ...(emoji === undefined ? {} : { emoji }) };
  }

  /** A new message about another. */
  reply(room: string, thread: number, random: Random): Command {
    const id = this.#nextId();
    const text = `${this.user} replies ${id}${this.#calls(random)}`;
    return { action: 'sendMessage', room, id, text, thread };
  }

  /** A new command that does something to another. */
  moderate(action: Moderating, room: string, member: string): Command {
    return { action, room, id: this.#nextId(), member };
  }

  /**
   * Sends a command until it has an answer that counts, or the connection is gone.
   *
   * @param way a connection of this person, or HTTP (messages, and what is done to others).
   */
  async send(command: Command, way: Client | 'http'): Promise<Outcome> {
    for (let round = 0; ; round++) {
      const ask = this.#recorder.number();
      this.#recorder.note({ kind: 'asked', ask, user: this.user, command });
      const outcome = way === 'http' ? await this.#post(command) : await askOver(way, command);
      if (outcome === 'unknown') return outcome;
      if ('seq' in outcome) {
        this.#recorder.note({ kind: 'answered', ask, seq: outcome.seq, at: outcome.at });
        this.#believe(command);
        return outcome;
      }
      this.#recorder.note({ kind: 'refused', ask, code: outcome.code });
      if (outcome.code === 'forbidden') this.inside.delete(command.room);
      if (!isTransient(outcome.code) || round === MAX_RETRIES) return outcome;
      await pause(RETRY_PAUSE);
    }
  }

  /** What an answered move says about where the person is. Moves of two devices at once may contradict each other. */
  #believe({ action, room }: Command): void {
    if (action === 'joinRoom') this.inside.add(room);
    if (action === 'leaveRoom') this.inside.delete(room);
  }

  async #post(command: Command): Promise<Outcome> {
    const answer = await this.#call(command);
    if (answer.status === 200 || answer.status === 201) return answer.body as { seq: number; at: string };
    const error = isRecord(answer.body) ? (answer.body.error as WireError | undefined) : undefined;
    if (error) return { code: error.code };
    // API Gateway speaks for a function that failed: whether it had done its work, nobody knows.
    if (this.expectsCrashes && answer.status >= 500) return { code: 'unavailable' };
    throw new Error(`a message was answered ${answer.status} ${answer.text.slice(0, 300)}`);
  }

  #call(command: Command): Promise<Answer> {
    const { action, room, id, text, member, target, emoji = '', thread } = command;
    const path = `/api/rooms/${room}`;
    const about = `${path}/members/${member}?id=${encodeURIComponent(id)}`;
    const message = `${path}/messages/${target}`;
    const once = `?id=${encodeURIComponent(id)}`;
    const reaction = `${message}/reactions/${encodeURIComponent(emoji)}${once}`;
    switch (action) {
      case 'editMessage':
        return this.account.call('PATCH', message, { id, text });
      case 'deleteMessage':
        return this.account.call('DELETE', `${message}${once}`);
      case 'addReaction':
        return this.account.call('PUT', reaction);
      case 'removeReaction':
        return this.account.call('DELETE', reaction);
      case 'pinMessage':
        return this.account.call('PUT', `${message}/pin${once}`);
      case 'unpinMessage':
        return this.account.call('DELETE', `${message}/pin${once}`);
      case 'inviteMember':
        return this.account.call('PUT', about, {});
      case 'muteMember':
        return this.account.call('PUT', about, { mutedUntil: new Date(Date.now() + MUTE_MS).toISOString() });
      case 'removeMember':
        return this.account.call('DELETE', about);
      case 'banMember':
        return this.account.call('DELETE', `${about}&ban=true`);
      case 'unbanMember':
        return this.account.call('DELETE', `${path}/bans/${member}?id=${encodeURIComponent(id)}`);
      default:
        return this.account.call('POST', `${path}/messages`, { id, text, ...(thread && { thread }) });
    }
  }

  #nextId(): string {
    this.#lastId += 1;
    return `${this.user}.${this.#lastId}`;
  }
}

/**
 * Asks over a connection, which may go away meanwhile.
 *
 * @throws {Error} when it stays, and no answer comes; or when what came breaks the protocol.
 */
async function askOver(client: Client, command: Command): Promise<Outcome> {
  const reply = await ask(client, { ...command });
  if (!reply) return 'unknown';
  return reply.error ? { code: reply.error.code } : (reply.data as { seq: number; at: string });
}
