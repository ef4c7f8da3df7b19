import { io } from 'socket.io-client';
import { PeerServer } from './peer.ts';
import type { Participant, Seat } from './server.ts';

/** The Socket.IO peer, driven by its own client over WebSocket only. */
export class SocketIoServer extends PeerServer {
  readonly name = 'socket.io';

  constructor(root: string) {
    super(root, 'socket-io');
  }

  protected async join(url: string, { room, onDelivery, onLoss }: Seat): Promise<Participant> {
    const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
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
}
