import { io } from 'socket.io-client';
import { z } from 'zod';
import { buildPeer } from '../peers/build.ts';
import { type Child, startChild } from './child.ts';
import type { Participant, Seat, Server } from './server.ts';

const Ready = z.object({ url: z.string() });

/** The Socket.IO peer, driven by its own client over WebSocket only. */
export class SocketIoServer implements Server {
  readonly name = 'socket.io';
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
    this.#child = await startChild(process.execPath, [await buildPeer('socket-io', this.#root)], this.#root);
    this.#url = Ready.parse(this.#child.ready).url;
  }

  async prepare(): Promise<void> {}

  async connect({ room, onDelivery, onLoss }: Seat): Promise<Participant> {
    const socket = io(this.#url, { transports: ['websocket'], reconnection: false, forceNew: true });
    socket.on('message', (message: { text: string }) =>
      onDelivery(message.text, undefined, performance.now()),
    );
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    socket.once('disconnect', (reason) => {
      if (reason !== 'io client disconnect') onLoss(reason);
    });
    await new Promise<void>((resolve) => socket.emit('join', room, resolve));
    return {
      send: (text) => new Promise((resolve) => socket.emit('send', room, text, resolve)),
      close: () => void socket.disconnect(),
    };
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
  }
}
