import { Pool } from 'undici';
import { EngineError } from '../errors.ts';

/** One answer of the database, as it came. */
export interface DatabaseResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** An answer other than 2xx to one of the engine's own calls; `type` is the error's name without its namespace. */
export class DatabaseCallError extends Error {
  readonly type: string;

  constructor(operation: string, type: string, message: string) {
    super(`unable to call ${operation}; ${type}: ${message}`);
    this.name = 'DatabaseCallError';
    this.type = type;
  }
}

/** Connections kept alive to the database. It works on one call at a time; more than a few only wait there instead of here. */
const CONNECTIONS = 16;
const STREAMS_OPERATIONS = new Set(['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams']);

/** The database as the engine itself calls it, and as calls of functions are passed on. */
export class DatabaseClient {
  readonly endpoint: string;
  readonly #pool: Pool;
  readonly #authorization: string;

  constructor(endpoint: string, region: string) {
    this.endpoint = endpoint;
    this.#pool = new Pool(endpoint, { connections: CONNECTIONS, pipelining: 1 });
    // The database looks at the form of the header, not at the signature.
    this.#authorization =
      `AWS4-HMAC-SHA256 Credential=engine/20260101/${region}/dynamodb/aws4_request, ` +
      'SignedHeaders=host;x-amz-date;x-amz-target, Signature=0';
  }

  /** Passes a call on without looking into its body. */
  async forward(target: string, body: Buffer | string, contentType?: string): Promise<DatabaseResponse> {
    const response = await this.#pool.request({
      path: '/',
      method: 'POST',
      headers: {
        'content-type': contentType ?? 'application/x-amz-json-1.0',
        'x-amz-target': target,
        'x-amz-date': '20260101T000000Z',
        authorization: this.#authorization,
      },
      body,
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: Buffer.from(await response.body.arrayBuffer()),
    };
  }

  /**
   * Makes a call of the engine's own.
   *
   * @throws DatabaseCallError for an error of the service, EngineError `database_failed` if it can't be reached
   */
  async call<Output>(operation: string, input: unknown): Promise<Output> {
    const service = STREAMS_OPERATIONS.has(operation) ? 'DynamoDBStreams' : 'DynamoDB';
    const response = await this.forward(`${service}_20120810.${operation}`, JSON.stringify(input)).catch(
      (error: Error) => {
        const reason = `${this.endpoint} does not answer (${error.message})`;
        throw new EngineError('database_failed', `unable to call ${operation}; ${reason}`);
      },
    );
    const parsed = JSON.parse(response.body.toString('utf8') || '{}');
    if (response.status >= 300) {
      const type = String(parsed.__type ?? response.status).replace(/^.*#/, '');
      throw new DatabaseCallError(operation, type, String(parsed.message ?? parsed.Message ?? ''));
    }
    return parsed;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
