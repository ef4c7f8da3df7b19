import { z } from 'zod';
import { buildPeer } from '../peers/build.ts';
import { type Child, startChild } from './child.ts';
import type { Participant, Seat, Server } from './server.ts';

const Ready = z.object({ url: z.string() });

/** A server of `bench/peers` in a process of its own. */
export abstract class PeerServer implements Server {
  abstract readonly name: string;
  readonly #root: string;
  readonly #peer: Parameters<typeof buildPeer>[0];
  #child: Child | undefined;
  #url = '';

  /** @param peer its file in `bench/peers`, without the ending */
  constructor(root: string, peer: Parameters<typeof buildPeer>[0]) {
    this.#root = root;
    this.#peer = peer;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const script = await buildPeer(this.#peer, this.#root);
    this.#child = await startChild(process.execPath, [script], this.#root);
    this.#url = Ready.parse(this.#child.ready).url;
  }

  async prepare(): Promise<void> {}

  connect(seat: Seat): Promise<Participant> {
    return this.join(this.#url, seat);
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
  }

  /** Connects to the server and joins the seat's room. */
  protected abstract join(url: string, seat: Seat): Promise<Participant>;
}
