/**
 * The names of the environment variables that the stack gives its Lambda functions. `infra/` writes them, the functions
 * read them: both through these constants, so a rename can't miss one side.
 */
export const ENV = {
  /** Name of the Chat table. */
  chatTable: 'CHAT_TABLE',
  /** Name of the Connections table. */
  connectionsTable: 'CONNECTIONS_TABLE',
  /** Base address of `@connections`; empty: derived from each connection's own request context. */
  callbackUrl: 'CALLBACK_URL',
  /** Origins that may open a socket, comma separated; a client without an `Origin` header is not a browser and passes. */
  allowedOrigins: 'ALLOWED_ORIGINS',
  /** Commands a minute that a connection may send on average. */
  commandsPerMinute: 'COMMANDS_PER_MINUTE',
  /** Commands that a connection may send at once after a pause. */
  commandBurst: 'COMMAND_BURST',
  /** `iss` of the access tokens. */
  tokenIssuer: 'TOKEN_ISSUER',
  /** `aud` of the access tokens. */
  tokenAudience: 'TOKEN_AUDIENCE',
  /** Life of an access token, seconds. */
  accessTokenSeconds: 'ACCESS_TOKEN_SECONDS',
  /** ARN of the secret that holds the private signing keys. */
  signingKeysSecret: 'SIGNING_KEYS_SECRET',
  /** Name of the function that posts to one shard of a large room. */
  fanOutShardFunction: 'FAN_OUT_SHARD_FUNCTION',
  /** Deployment stage, for logs. */
  stage: 'STAGE',
  /** `debug`, `info`, `warn` or `error`. */
  logLevel: 'LOG_LEVEL',
  /** Version shown by `/health` and in logs. */
  serviceVersion: 'SERVICE_VERSION',
} as const;
