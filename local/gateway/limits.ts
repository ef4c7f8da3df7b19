/**
 * API Gateway's limits that a client can meet.
 * Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
 * and https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 */

/** Largest WebSocket frame, bytes; a larger one closes the connection with 1009. Also the unit that messages are metered in. */
export const FRAME_BYTES = 32 * 1024;
/** Largest message of any number of frames, bytes; a larger one closes the connection with 1009, or is a 413 on `@connections`. */
export const MESSAGE_BYTES = 128 * 1024;
/** A connection without traffic is closed after this, milliseconds. */
export const IDLE_TIMEOUT_MS = 10 * 60 * 1000;
/** A connection is closed when it is this old, whatever happens on it, milliseconds. */
export const CONNECTION_LIFETIME_MS = 2 * 60 * 60 * 1000;
/** Largest body of a request to an HTTP API, bytes; beyond it 413. */
export const HTTP_PAYLOAD_BYTES = 10 * 1024 * 1024;
/** Largest request line and headers together, bytes; beyond it 431. */
export const HTTP_HEADER_BYTES = 10_240;
/** Longest address of a WebSocket API, characters. */
export const WEBSOCKET_URL_CHARACTERS = 4096;
/**
 * What may wait in the gateway for a client that reads slowly, bytes; beyond it `@connections` answers 429. AWS says that
 * there is such a buffer ("the WebSocket client side buffer is full") but not its size: this is four of the largest messages.
 */
export const CLIENT_BUFFER_BYTES = 4 * MESSAGE_BYTES;
