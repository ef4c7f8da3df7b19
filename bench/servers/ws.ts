import { WebSocket } from 'ws';
import { PeerServer } from './peer.ts';
import type { Participant, Seat } from './server.ts';

/** The bare `ws` broadcast. */
export class WsServer extends PeerServer {
  readonly name = 'ws';

  constructor(root: string) {
    super(root, 'ws');
  }

  protected async join(url: string, { room, onDelivery, onLoss }: Seat): Promise<Participant> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
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
}
