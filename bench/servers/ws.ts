import { WebSocket } from 'ws';
import { z } from 'zod';
import { buildPeer } from '../peers/build.ts';
import { type Child, startChild } from './child.ts';
import type { Participant, Seat, Server } from './server.ts';

const Ready = z.object({ url: z.string() });

/** The bare `ws` broadcast. */
export class WsServer implements Server {
  readonly name = 'ws';
  readonly #root: string;
  #child: Child | undefined;
  #url = '';

  constructor(root: string) {
    this.#root = root;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#child = await startChild(process.execPath, [await buildPeer('ws', this.#root)], this.#root);
    this.#url = Ready.parse(this.#child.ready).url;
  }

  async prepare(): Promise<void> {}

  async connect({ room, onDelivery, onLoss }: Seat): Promise<Participant> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    const waiting = new Map<string, () => void>();
    let sent = 0;
    let closed = false;
    const call = (action: string, text: string): Promise<void> =>
      new Promise((resolve) => {
        const id = String(sent++);
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ action, id, room, text }));
      });
    socket.on('message', (data: Buffer) => {
      const at = performance.now();
      const frame = JSON.parse(data.toString()) as { id?: string; text?: string };
      if (frame.text !== undefined) return onDelivery(frame.text, undefined, at);
      waiting.get(frame.id ?? '')?.();
      waiting.delete(frame.id ?? '');
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => socket.terminate());
    socket.once('close', (code) => {
      if (!closed) onLoss(`closed with ${code}`);
    });
    await call('join', '');
    return {
      send: (text) => call('send', text),
      close: () => {
        closed = true;
        socket.close();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
  }
}
