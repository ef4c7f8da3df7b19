import { setTimeout as sleep } from 'node:timers/promises';
import { type MemoryResult, watchMemory } from './memory.ts';
import { numberOf, textOf } from './message-text.ts';
import { dueAt, type Scenario, speakerOf, totalOf } from './scenarios.ts';
import type { Participant, Server } from './servers/server.ts';
import { Samples, type Summary } from './statistics.ts';
import { Tally, type TallyResult } from './tally.ts';

/** Handshakes under way at once. */
const CONNECTING = 16;
/** Pause between the last handshake and the first message, ms. */
const CALM = 1_000;
/** How long owed deliveries may take after the last send before they count as lost, ms (as the measures have it). */
const DRAIN = 10_000;
/** How often the drain looks whether all has arrived, ms. */
const DRAIN_LOOK = 20;

export interface LoadOptions {
  /** Makes the rooms of this run new ones. */
  readonly run: string;
  readonly seconds: number;
  /** Load that rises to the scenario's before the figures count, seconds: handlers that were never called are not what is measured. */
  readonly warmUp: number;
  readonly onProgress: (text: string) => void;
}

export interface ScenarioResult extends TallyResult {
  readonly scenario: string;
  readonly server: string;
  readonly seconds: number;
  readonly memory: MemoryResult;
  /** Connections that ended by themselves. */
  readonly connectionsLost: number;
  /** How late the generator itself was with its sends, ms: part of every latency. */
  readonly lag: Summary;
  /** Processor time of the generator in the measured part, as a share of one core. */
  readonly generatorCores: number;
  /** Refusals by reason. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Plays one scenario on one server: connects everybody, sends, waits for what is owed, hangs up. */
export async function playScenario(
  server: Server,
  scenario: Scenario,
  options: LoadOptions,
): Promise<ScenarioResult> {
  const say = (text: string): void => options.onProgress(`${scenario.name} ${server.name}: ${text}`);
  const tally = new Tally(Array.from({ length: scenario.rooms }, () => scenario.members));
  const rooms = roomsOf(scenario, options.run);
  say('preparing');
  await server.prepare(rooms);
  say('connecting');
  let connectionsLost = 0;
  const participants = await connectAll(server, rooms, tally, (reason) => {
    connectionsLost += 1;
    say(`a connection was lost; ${reason}`);
  });
  await sleep(CALM);
  say(`sending for ${options.warmUp} + ${options.seconds} s`);
  const memory = watchMemory(server.pid);
  const load = new Load(participants, scenario, tally, options);
  const startedAt = await load.run();
  const owedFrom = performance.now();
  while (tally.outstanding > 0 && performance.now() - owedFrom < DRAIN) await sleep(DRAIN_LOOK);
  const result = {
    ...tally.result(startedAt, options.seconds),
    scenario: scenario.name,
    server: server.name,
    seconds: options.seconds,
    memory: await memory.stop(),
    connectionsLost,
    lag: load.lag.summary(),
    generatorCores: load.cores,
    refusals: Object.fromEntries(load.refusals),
  };
  for (const participant of participants.flat()) participant.close();
  say(`p50 ${result.latency.p50.toFixed(1)} ms, ${result.lost} lost of ${result.owed}`);
  return result;
}

function roomsOf(scenario: Scenario, run: string): Map<string, string[]> {
  const rooms = new Map<string, string[]>();
  for (let room = 0; room < scenario.rooms; room++) {
    const members = Array.from(
      { length: scenario.members },
      (_, member) => `bench-${room * scenario.members + member}`,
    );
    rooms.set(`${scenario.name.toLowerCase()}-${run}-${room}`, members);
  }
  return rooms;
}

async function connectAll(
  server: Server,
  rooms: ReadonlyMap<string, readonly string[]>,
  tally: Tally,
  onLoss: (reason: string) => void,
): Promise<Participant[][]> {
  const participants: Participant[][] = [];
  const seats = [...rooms].flatMap(([id, members], room) =>
    members.map((user, member) => ({ id, user, room, member })),
  );
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let seat = seats[next++]; seat !== undefined; seat = seats[next++]) {
      const { id, user, room, member } = seat;
      const participant = await server.connect({
        user,
        room: id,
        onLoss,
        onDelivery(text, order, at) {
          const message = numberOf(text);
          tally.delivered(room, member, message ?? -1, order, at);
        },
      });
      participants[room] ??= [];
      const row = participants[room];
      if (row !== undefined) row[member] = participant;
    }
  };
  await Promise.all(Array.from({ length: CONNECTING }, worker));
  return participants;
}

/** The sending half of a scenario. */
class Load {
  readonly lag = new Samples();
  readonly refusals = new Map<string, number>();
  cores = 0;
  readonly #participants: readonly (readonly Participant[])[];
  readonly #scenario: Scenario;
  readonly #tally: Tally;
  readonly #options: LoadOptions;

  constructor(
    participants: readonly (readonly Participant[])[],
    scenario: Scenario,
    tally: Tally,
    options: LoadOptions,
  ) {
    this.#participants = participants;
    this.#scenario = scenario;
    this.#tally = tally;
    this.#options = options;
  }

  /** Sends for the scenario's time; gives when the measured part began, ms of `performance.now()`. */
  async run(): Promise<number> {
    const begin = performance.now();
    const measuredFrom = begin + this.#options.warmUp * 1000;
    const { load } = this.#scenario;
    let atMeasured = process.cpuUsage();
    const timer = setTimeout(() => {
      atMeasured = process.cpuUsage();
    }, this.#options.warmUp * 1000);
    if (load.kind === 'open') await this.#open(load.perSecond, begin, measuredFrom);
    else await this.#closed(load.unanswered, begin, measuredFrom);
    clearTimeout(timer);
    const used = process.cpuUsage(atMeasured);
    this.cores = (used.user + used.system) / 1000 / (performance.now() - measuredFrom);
    return measuredFrom;
  }

  async #open(perSecond: number, begin: number, measuredFrom: number): Promise<void> {
    const { rooms, members } = this.#scenario;
    const { warmUp, seconds } = this.#options;
    const total = totalOf(perSecond, warmUp, seconds);
    for (let n = 0; n < total; n++) {
      const due = begin + dueAt(n, perSecond, warmUp);
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      if (due >= measuredFrom) this.lag.add(performance.now() - due);
      const { room, member } = speakerOf(n, rooms, members);
      // Not awaited: the next message is due whether this one was answered or not.
      void this.#send(room, member, due, due >= measuredFrom);
    }
  }

  async #closed(unanswered: number, begin: number, measuredFrom: number): Promise<void> {
    const until = begin + (this.#options.warmUp + this.#options.seconds) * 1000;
    const lane = async (): Promise<void> => {
      for (let now = performance.now(); now < until; now = performance.now()) {
        await this.#send(0, 0, now, now >= measuredFrom);
      }
    };
    await Promise.all(Array.from({ length: unanswered }, lane));
  }

  async #send(room: number, member: number, at: number, measured: boolean): Promise<void> {
    const sender = room * this.#scenario.members + member;
    const message = this.#tally.sent(room, sender, at, measured);
    const participant = this.#participants[room]?.[member];
    if (participant === undefined) throw new RangeError(`unable to send; nobody sits at ${room}/${member}`);
    try {
      await participant.send(textOf(message));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      // Without an answer the message may have been taken: it stays owed. A refusal is an answer.
      if (code !== 'closed') this.#tally.refused(message);
    }
  }
}
