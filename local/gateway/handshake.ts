/** The part of a WebSocket handshake that comes before the 101: what the client asks for, and how it is refused. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WEBSOCKET_URL_CHARACTERS } from './limits.ts';

/** RFC 6455, section 4.1: 16 random bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = '13';

/** The status that a malformed handshake is refused with, `undefined` for a good one. */
export function handshakeProblem(request: IncomingMessage): number | undefined {
  if ((request.url ?? '').length > WEBSOCKET_URL_CHARACTERS) return 414;
  if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') return 400;
  if (!KEY.test(request.headers['sec-websocket-key'] ?? '')) return 400;
  if (request.headers['sec-websocket-version'] !== VERSION) return 400;
  return undefined;
}

/** Answers a handshake with a status other than 101 and ends the socket. */
export function refuse(socket: Duplex, status: number, message: Readonly<Record<string, string>>): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(message);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n` +
      'Connection: close\r\n' +
      'Content-Type: application/json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
