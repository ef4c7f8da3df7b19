/**
 * The names of the environment variables that the stack gives its Lambda functions. `infra/` writes them, the functions
 * read them: both through these constants, so a rename can't miss one side.
 */
export const ENV = {
  /** Name of the Chat table. */
  chatTable: 'CHAT_TABLE',
  /** Name of the Connections table. */
  connectionsTable: 'CONNECTIONS_TABLE',
  /** Name of the Search table; not set where search is off. */
  searchTable: 'SEARCH_TABLE',
  /** Base address of `@connections`; empty: derived from each connection's own request context. */
  callbackUrl: 'CALLBACK_URL',
  /** Origins that may open a socket, comma separated; a client without an `Origin` header is not a browser and passes. */
  allowedOrigins: 'ALLOWED_ORIGINS',
  /** Commands a minute that a connection may send on average. */
  commandsPerMinute: 'COMMANDS_PER_MINUTE',
  /** Commands that a connection may send at once after a pause. */
  commandBurst: 'COMMAND_BURST',
  /** HTTP calls a minute of one user on average, and at once after a pause; 0 calls a minute: no limit. */
  httpCallsPerMinute: 'HTTP_CALLS_PER_MINUTE',
  httpCallBurst: 'HTTP_CALL_BURST',
  /** The same for calls of one address by those who are not logged in. */
  addressCallsPerMinute: 'ADDRESS_CALLS_PER_MINUTE',
  addressCallBurst: 'ADDRESS_CALL_BURST',
  /** Messages of the same text, links and joins of one caller within a minute; 0: any number. */
  sameTextPerMinute: 'SAME_TEXT_PER_MINUTE',
  linksPerMinute: 'LINKS_PER_MINUTE',
  joinsPerMinute: 'JOINS_PER_MINUTE',
  /** Messages and joins that one room takes within a second; 0: any number. */
  messagesPerSecondPerRoom: 'MESSAGES_PER_SECOND_PER_ROOM',
  /** Connections that a user may have open at once; 0: any number. */
  connectionsPerUser: 'CONNECTIONS_PER_USER',
  /** Address of the queue that has connections looked at when their token ends. */
  connectionWatchQueue: 'CONNECTION_WATCH_QUEUE',
  /** Address of the queue of deleted accounts whose traces are to be rewritten. */
  erasureQueue: 'ERASURE_QUEUE',
  /** Address of the queue of rooms whose older messages are to be brought under a shorter retention. */
  trimQueue: 'TRIM_QUEUE',
  /** Days that messages are kept in every room; empty: for ever. */
  retentionDays: 'RETENTION_DAYS',
  /** Name of the bucket that files lie in. */
  filesBucket: 'FILES_BUCKET',
  /** Address of the queue of what is to be done with files. */
  filesQueue: 'FILES_QUEUE',
  /** Address of the queue of messages that somebody may have to be notified of. */
  notificationQueue: 'NOTIFICATION_QUEUE',
  /** Seconds that there are to read such a message before anybody is. */
  notificationDelaySeconds: 'NOTIFICATION_DELAY_SECONDS',
  /** ARN of the topic that notifications are published to. */
  notificationTopic: 'NOTIFICATION_TOPIC',
  /** Address that is called with notifications, ARN of the secret that the calls are signed with, and address of their queue. */
  webhookUrl: 'WEBHOOK_URL',
  webhookSecret: 'WEBHOOK_SECRET',
  webhookQueue: 'WEBHOOK_QUEUE',
  /** `iss` of the access tokens. */
  tokenIssuer: 'TOKEN_ISSUER',
  /** `aud` of the access tokens. */
  tokenAudience: 'TOKEN_AUDIENCE',
  /** An OpenID Connect provider whose access tokens are taken in place of our own; empty: our own. */
  oidcIssuer: 'OIDC_ISSUER',
  /** `aud` of its tokens that are meant for us. */
  oidcAudience: 'OIDC_AUDIENCE',
  /** The claim of its tokens that says who someone is. */
  oidcUserClaim: 'OIDC_USER_CLAIM',
  /** Life of an access token, seconds. */
  accessTokenSeconds: 'ACCESS_TOKEN_SECONDS',
  /** ARN of the secret that holds the private signing keys. */
  signingKeysSecret: 'SIGNING_KEYS_SECRET',
  /** Name of the function that posts to one shard of a large room. */
  fanOutShardFunction: 'FAN_OUT_SHARD_FUNCTION',
  /** Address of the queue of what presence has to do later. */
  presenceQueue: 'PRESENCE_QUEUE',
  /** Seconds that a user's last connection is gone before it is offline. */
  presenceGraceSeconds: 'PRESENCE_GRACE_SECONDS',
  /** Name of the bucket that the web app's files lie in. */
  websiteBucket: 'WEBSITE_BUCKET',
  /** What CloudFront says to the HTTP API that others can't: that a request came through it. */
  edgeMark: 'EDGE_MARK',
  /** Address of the WebSocket API, for the page of the documents and for the web app. */
  webSocketUrl: 'WEBSOCKET_URL',
  /** ARN of the function that is asked before a message is committed; empty: none is. */
  moderationFunction: 'MODERATION_FUNCTION',
  /** Milliseconds that it has, and what becomes of a message without its verdict: `open` or `closed`. */
  moderationTimeoutMs: 'MODERATION_TIMEOUT_MS',
  moderationOnTimeout: 'MODERATION_ON_TIMEOUT',
  /** What the hook of this repository goes by: words, comma separated. */
  moderationWords: 'MODERATION_WORDS',
  /** Deployment stage, for logs. */
  stage: 'STAGE',
  /** `debug`, `info`, `warn` or `error`. */
  logLevel: 'LOG_LEVEL',
  /** Version shown by `/health` and in logs. */
  serviceVersion: 'SERVICE_VERSION',
} as const;
