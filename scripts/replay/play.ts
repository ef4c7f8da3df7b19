import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Connection, noTroubles, type Troubles } from './connection.ts';
import type { Day, RecordedLine } from './conversation.ts';
import { each, Gate } from './gate.ts';
import { Observer } from './observer.ts';
import { passwordOf } from './people.ts';
import type { Progress } from './progress.ts';
import { Service, type StoredMessage } from './service.ts';
import type { Said } from './verify.ts';

/** One observer for so many people (as the replay's check has it). */
const PEOPLE_PER_OBSERVER = 10;
/** Registrations and connections under way at once: a password hash takes a core for a while. */
const PREPARING = 8;
/** How long observers may hear nothing new before the replay goes on to compare, ms. */
const SILENCE = 15_000;
const LOOK = 50;
/** Lines that may be begun for each that is under way. */
const WINDOW = 16;

const SendReply = z.object({ seq: z.number() });

export interface Play {
  readonly days: readonly Day[];
  /** User ids by nick. */
  readonly people: ReadonlyMap<string, string>;
  readonly room: string;
  readonly http: string;
  readonly websocket: string;
  readonly seed: string;
  readonly prefix: string;
  readonly speed: number | undefined;
  readonly concurrency: number;
}

export interface Played {
  readonly said: readonly Said[];
  readonly log: readonly StoredMessage[];
  readonly observers: readonly Observer[];
  readonly troubles: Troubles;
  /** Seconds from the first message to the last acknowledgement. */
  readonly seconds: number;
  /** Most people, observers included, that were connected at once. */
  readonly mostConnected: number;
}

/** Plays the conversation through a service and gathers what the check needs. */
export async function play(conversation: Play, progress: Progress): Promise<Played> {
  const service = new Service(conversation.http);
  const troubles = noTroubles();
  const observers = await prepare(conversation, service, troubles, progress);
  const stage = new Stage(conversation, service, troubles, observers.length, progress);
  const started = performance.now();
  try {
    for (const day of conversation.days) await stage.play(day);
    const seconds = (performance.now() - started) / 1000;
    progress.done(`said ${stage.said.length} messages in ${seconds.toFixed(1)} s`);
    await drain(observers, stage.said);
    const log = await service.log(observers[0]?.user ?? '', conversation.room);
    return { said: stage.said, log, observers, troubles, seconds, mostConnected: stage.mostConnected };
  } finally {
    stage.close();
    for (const observer of observers) observer.close();
    await service.close();
  }
}

/** Everyone has an account, the room is there, and the observers sit in it. */
async function prepare(
  { people, room, seed, prefix, websocket }: Play,
  service: Service,
  troubles: Troubles,
  progress: Progress,
): Promise<Observer[]> {
  const watchers = Array.from(
    { length: Math.ceil(people.size / PEOPLE_PER_OBSERVER) },
    (_, i) => `${prefix}observer.${i + 1}`,
  );
  for (const [nick, user] of people) service.introduce(user, passwordOf(user, seed), nick);
  for (const user of watchers) service.introduce(user, passwordOf(user, seed));
  const everyone = [...watchers, ...people.values()];
  let ready = 0;
  await each(everyone, PREPARING, async (user) => {
    await service.token(user);
    ready += 1;
    progress.show(`${ready} of ${everyone.length} people have an account`);
  });
  progress.done(`${everyone.length} people have an account, ${watchers.length} of them observe`);
  const [owner, ...others] = watchers;
  if (owner === undefined) throw new Error('unable to replay; there is nobody in the conversation');
  await service.createRoom(owner, room, room);
  await each(others, PREPARING, (user) => service.join(user, room));
  const observers = watchers.map((user) => new Observer(user, room, service, websocket, troubles));
  await each(observers, PREPARING, (observer) => observer.open());
  return observers;
}

/** Waits until every observer has heard the last message, or none of them hears anything more. */
async function drain(observers: readonly Observer[], said: readonly Said[]): Promise<void> {
  const target = said.reduce((highest, { seq }) => Math.max(highest, seq), 0);
  const heard = (): number => observers.reduce((sum, { last }) => sum + Math.min(last, target), 0);
  let before = heard();
  for (let quietSince = Date.now(); Date.now() - quietSince < SILENCE; await sleep(LOOK)) {
    const now = heard();
    if (now === target * observers.length) return;
    if (now > before) quietSince = Date.now();
    before = now;
  }
}

/** Where people come, speak and go. */
class Stage {
  readonly said: Said[] = [];
  mostConnected = 0;
  readonly #play: Play;
  readonly #service: Service;
  readonly #troubles: Troubles;
  readonly #progress: Progress;
  readonly #watching: number;
  readonly #total: number;
  readonly #began = performance.now();
  readonly #connections = new Map<string, Connection>();
  readonly #members = new Set<string>();
  /** Lines under way. */
  readonly #gate: Gate;
  /** Lines that were due, done or not: how far the talkative, who are braked, may fall behind the others. */
  readonly #window: Gate;
  #failure: unknown;

  constructor(play: Play, service: Service, troubles: Troubles, watching: number, progress: Progress) {
    this.#play = play;
    this.#service = service;
    this.#troubles = troubles;
    this.#watching = watching;
    this.#progress = progress;
    this.#gate = new Gate(play.concurrency);
    this.#window = new Gate(play.concurrency * WINDOW);
    this.#total = play.days
      .flatMap(({ lines }) => lines)
      .filter(({ line }) => line.kind === 'message').length;
  }

  /** One day: each person's lines in order, the people side by side; at its end everyone goes. */
  async play({ lines }: Day): Promise<void> {
    const began = performance.now();
    const turns = new Map<string, Promise<void>>();
    for (const { line, due } of lines) {
      if (this.#play.speed !== undefined) {
        const wait = began + due / this.#play.speed - performance.now();
        if (wait > 0) await sleep(wait);
      }
      await this.#window.enter();
      if (this.#failure !== undefined) break;
      turns.set(line.nick, this.#turn(line, turns.get(line.nick)));
    }
    await Promise.all(turns.values());
    this.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  /** A line of a person, after the one before. */
  async #turn(line: RecordedLine, before: Promise<void> | undefined): Promise<void> {
    await before;
    await this.#gate.enter();
    try {
      await this.#act(line);
    } catch (error) {
      this.#failure ??= explain(error, line);
    } finally {
      this.#gate.leave();
      this.#window.leave();
      this.#show(line.day);
    }
  }

  async #act(line: RecordedLine): Promise<void> {
    if (this.#failure !== undefined) return;
    if (line.kind === 'leave') {
      this.#connections.get(line.nick)?.close();
      this.#connections.delete(line.nick);
      return;
    }
    const user = this.#play.people.get(line.nick) ?? line.nick;
    const person = await this.#present(line.nick, user);
    if (line.kind === 'join') return;
    const where = `${line.day}/${line.line}`;
    const { room } = this.#play;
    const reply = await person.command('sendMessage', { room, text: line.text }, where);
    this.said.push({ where, user, text: line.text, seq: SendReply.parse(reply).seq });
  }

  /** The person's connection, open, and a member of the room. */
  async #present(nick: string, user: string): Promise<Connection> {
    let connection = this.#connections.get(nick);
    if (connection === undefined) {
      connection = new Connection(user, this.#service, this.#play.websocket, this.#troubles);
      this.#connections.set(nick, connection);
      this.mostConnected = Math.max(this.mostConnected, this.#connections.size + this.#watching);
      await connection.open();
    }
    if (!this.#members.has(user)) {
      await connection.command('joinRoom', { room: this.#play.room }, 'join');
      this.#members.add(user);
    }
    return connection;
  }

  #show(day: string): void {
    const done = this.said.length;
    const rate = done / ((performance.now() - this.#began) / 1000);
    const { rateLimited, unavailable, reconnects } = this.#troubles;
    this.#progress.show(
      `${day}: ${done} of ${this.#total} messages, ${rate.toFixed(0)}/s, ` +
        `${this.#connections.size + this.#watching} connected, ` +
        `${rateLimited} braked, ${unavailable} unavailable, ${reconnects} reconnects`,
    );
  }
}

function explain(error: unknown, { day, line, nick }: RecordedLine): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(`unable to replay ${day}/${line} of ${nick}; ${reason}`, { cause: error });
}
