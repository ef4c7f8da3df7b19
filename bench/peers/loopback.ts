/** Answers every POST with an empty 200, as `@connections` does: all that it costs to post is then the client's. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.end());
});

// Longer than any pool here keeps a connection: which side closes it is not what is measured.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('unable to listen; no port was given');
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
});
