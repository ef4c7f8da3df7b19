/** A bare broadcast over `ws`: the least that a chat server in Node can do, and so the floor of this comparison. */
import { type WebSocket, WebSocketServer } from 'ws';

const rooms = new Map<string, Set<WebSocket>>();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (socket) => {
  let members: Set<WebSocket> | undefined;
  socket.on('message', (data: Buffer) => {
    const { action, id, room, text } = JSON.parse(data.toString()) as Record<string, string>;
    if (room === undefined) return;
    if (action === 'join') {
      members = rooms.get(room) ?? new Set();
      rooms.set(room, members.add(socket));
    } else {
      const frame = JSON.stringify({ room, text, at: new Date().toISOString() });
      for (const member of rooms.get(room) ?? []) member.send(frame);
    }
    socket.send(JSON.stringify({ id }));
  });
  socket.on('close', () => members?.delete(socket));
  socket.on('error', () => socket.terminate());
});

server.on('listening', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('unable to listen; no port was given');
  console.log(JSON.stringify({ url: `ws://127.0.0.1:${address.port}` }));
});
