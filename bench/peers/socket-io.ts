/**
 * A Socket.IO server with rooms, as its documentation shows it: join a room, and what is said goes to all in it. It keeps
 * nothing, numbers nothing and asks nobody for rights.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
  socket.on('join', async (room: string, done: () => void) => {
    await socket.join(room);
    done();
  });
  socket.on('send', (room: string, text: string, done: () => void) => {
    io.to(room).emit('message', { room, text, user: socket.id, at: new Date().toISOString() });
    done();
  });
});

http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('unable to listen; no port was given');
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
});
