/** People who talk over whichever gateway answers, as a good client does: reconnect, sync, send again. */
import { type Account, bodyOf, call } from '../helper/account.ts';
import { type Client, openClient, whileOpen } from '../helper/client.ts';
import { type Endpoint, pause } from '../helper/endpoint.ts';
import type { DataOf, RoomEvent } from '../helper/wire.ts';

/** How long a client waits before it tries the next gateway, milliseconds. */
const RECONNECT_MS = 30;

/** One sender and reader of a room. */
export class Talker {
  readonly account: Account;
  /** What it holds of the room, by number. */
  readonly held = new Map<number, RoomEvent>();
  /** Number of each of its messages that was acknowledged, by the message's id. */
  readonly acknowledged = new Map<string, number>();
  /** What each of its connections heard, in order. */
  readonly heard: number[][] = [];
  /** Longest wait for an acknowledgement, reconnecting included, milliseconds. */
  longestWait = 0;
  readonly #gateways: readonly Endpoint[];
  readonly #room: string;
  #at: number;
  #client: Client | undefined;

  constructor(account: Account, gateways: readonly Endpoint[], first: number, room: string) {
    this.account = account;
    this.#gateways = gateways;
    this.#at = first;
    this.#room = room;
  }

  /** Index of the gateway that it is connected to, or tries next. */
  get at(): number {
    return this.#at;
  }

  /** Says `text` until it is acknowledged, over as many connections as that takes (P3). */
  async say(id: string, text: string): Promise<void> {
    const started = performance.now();
    for (;;) {
      const client = await this.online();
      const reply = await whileOpen(client, () =>
        client.ask({ action: 'sendMessage', room: this.#room, id, text }),
      );
      if (reply?.error?.code === 'unavailable' || !reply) continue;
      if (reply.error) throw new Error(`${id} was refused: ${JSON.stringify(reply.error)}`);
      this.acknowledged.set(id, (reply.data as DataOf['sendMessage']).seq);
      this.longestWait = Math.max(this.longestWait, performance.now() - started);
      return;
    }
  }

  /** A connection that has synced. */
  async online(): Promise<Client> {
    for (;;) {
      if (this.#client?.isOpen) return this.#client;
      const client = await this.#dial();
      if (client && (await this.sync(client))) {
        this.#client = client;
        return client;
      }
      this.#at = (this.#at + 1) % this.#gateways.length;
      await pause(RECONNECT_MS);
    }
  }

  /** Gets what was missed (P5); false where the connection went away meanwhile. */
  async sync(client: Client): Promise<boolean> {
    for (;;) {
      const answer = await whileOpen(client, () =>
        client.command('sync', { rooms: { [this.#room]: this.last } }),
      );
      if (!answer) return false;
      const mine = answer.rooms.find(({ room }) => room === this.#room);
      for (const event of mine?.events ?? []) this.held.set(event.seq, event);
      if (!mine?.more) return true;
    }
  }

  /** The last number below which it holds everything. */
  get last(): number {
    let last = 0;
    while (this.held.has(last + 1)) last++;
    return last;
  }

  close(): void {
    this.#client?.terminate();
  }

  async #dial(): Promise<Client | undefined> {
    const endpoint = this.#gateways[this.#at];
    if (!endpoint) throw new Error('there is no gateway');
    const heard: number[] = [];
    this.heard.push(heard);
    try {
      return await openClient(endpoint, { token: this.account.token }, (frame) => {
        if (frame.type !== 'events' || frame.room !== this.#room) return;
        for (const event of frame.events) {
          heard.push(event.seq);
          this.held.set(event.seq, event);
        }
      });
    } catch {
      // Refused or cut: the gateway is dead, or dies just now.
      return undefined;
    }
  }
}

/** All messages of a room over HTTP, oldest first. */
export async function readHistory(
  endpoint: Endpoint,
  token: string,
  room: string,
): Promise<{ seq: number; user: string; text: string; id: string }[]> {
  const pages = [];
  let before: number | undefined;
  for (;;) {
    const query = before === undefined ? '' : `&before=${before}`;
    const answer = await call(endpoint, 'GET', `/api/rooms/${room}/messages?limit=100${query}`, { token });
    const { messages, more } = bodyOf<{
      messages: { seq: number; user: string; text: string; id: string }[];
      more: boolean;
    }>(answer, 200);
    pages.unshift(...messages.toSorted((a, b) => a.seq - b.seq));
    if (!more || messages.length === 0) return pages;
    before = pages[0]?.seq;
  }
}

export interface GatewayMetrics {
  readonly connections: number;
  readonly gateways: readonly {
    readonly port: number;
    readonly pid: number;
    readonly restarts: number;
    readonly counters: { readonly connections: number; readonly posts: Readonly<Record<string, number>> };
  }[];
}

/** From whichever gateway answers. */
export async function metricsOf(gateways: readonly Endpoint[]): Promise<GatewayMetrics> {
  for (let round = 0; ; round++) {
    const endpoint = gateways[round % gateways.length];
    try {
      const response = await fetch(`${endpoint?.http}/_local/metrics`);
      return (await response.json()) as GatewayMetrics;
    } catch (error) {
      if (round > 500) throw error;
      await pause(20);
    }
  }
}

/** Kills a gateway's process as the kernel's out-of-memory killer does. */
export async function killGateway(gateways: readonly Endpoint[], index: number): Promise<number> {
  for (;;) {
    const pid = (await metricsOf(gateways)).gateways[index]?.pid;
    if (pid === undefined || pid === 0) throw new Error(`there is no gateway ${index}`);
    try {
      process.kill(pid, 'SIGKILL');
      return pid;
    } catch {
      // Dead already, and its successor is not told yet.
      await pause(20);
    }
  }
}

/** Until those that were killed are back: on a busy machine that takes seconds. */
export async function untilAllAnswer(gateways: readonly Endpoint[]): Promise<void> {
  for (const gateway of gateways) await metricsOf([gateway]);
}
