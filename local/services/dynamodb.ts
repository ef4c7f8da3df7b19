import type { TableModel } from '../assembly/model.ts';
import type { DatabaseClient } from '../dynamodb/client.ts';
import type { AccountLimits } from '../limits.ts';
import { unitsOf } from '../metrics/capacity.ts';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type NeededPermission,
  type ServiceFault,
  targetOperation,
} from './call.ts';
import { leadingKeysOf, multiTablePermissions } from './dynamodb-permissions.ts';
import { PartitionThrottle } from './partition-throttle.ts';

/** Operations that can leave records in a stream. */
const WRITES = new Set([
  'BatchExecuteStatement',
  'BatchWriteItem',
  'DeleteItem',
  'ExecuteStatement',
  'ExecuteTransaction',
  'PutItem',
  'TransactWriteItems',
  'UpdateItem',
]);

/** Operations that name their tables inside, with rights of their own for each. */
const MULTI_TABLE = new Set(['BatchGetItem', 'BatchWriteItem', 'TransactGetItems', 'TransactWriteItems']);

// Found in the text, as parsing each body costs more than all else here. A quote inside a JSON string is escaped, so
// these match keys of objects only; an attribute of that name has an object for its value, never a string.
const TABLE_NAME = /"TableName"\s*:\s*"([^"]+)"/;
const INDEX_NAME = /"IndexName"\s*:\s*"([^"]+)"/;

export interface DynamoDbOptions {
  readonly client: DatabaseClient;
  readonly tables: readonly TableModel[];
  readonly region: string;
  readonly account: string;
  /** Told after each successful write which table's stream has something new. */
  readonly onWrite: (tableName: string) => void;
  /** `partitionWriteUnits` and `partitionReadUnits`; without one it has no limit. */
  readonly accountLimits?: AccountLimits;
}

/** DynamoDB: every call goes to the database as it came. */
export class DynamoDbService implements AwsService {
  readonly name = 'dynamodb';
  readonly #options: DynamoDbOptions;
  readonly #arnPrefix: string;
  readonly #tables: ReadonlyMap<string, TableModel>;
  readonly #partitions: PartitionThrottle | undefined;
  readonly #streamed: readonly { readonly name: string; readonly quoted: string }[];

  constructor(options: DynamoDbOptions) {
    this.#options = options;
    this.#arnPrefix = `arn:aws:dynamodb:${options.region}:${options.account}:table/`;
    this.#tables = new Map(options.tables.map((table) => [table.name, table]));
    const { partitionWriteUnits: write, partitionReadUnits: read } = options.accountLimits ?? {};
    if (write !== undefined || read !== undefined) this.#partitions = new PartitionThrottle({ write, read });
    this.#streamed = options.tables
      .filter(({ streamViewType }) => streamViewType !== undefined)
      .map(({ name }) => ({ name, quoted: `"${name}"` }));
  }

  operationOf(request: AwsRequest): string | undefined {
    return targetOperation(request);
  }

  permissionsOf(operation: string, request: Pick<AwsRequest, 'body'>): readonly NeededPermission[] {
    const text = request.body.toString('utf8');
    const arnOf = (table: string) => (table.startsWith('arn:') ? table : this.#arnPrefix + table);
    if (MULTI_TABLE.has(operation)) return multiTablePermissions(operation, text, arnOf, this.#tables);
    const table = TABLE_NAME.exec(text)?.[1];
    const index = operation === 'Query' || operation === 'Scan' ? INDEX_NAME.exec(text)?.[1] : undefined;
    const tableArn = table === undefined ? `${this.#arnPrefix}*` : arnOf(table);
    return [
      {
        action: `dynamodb:${operation}`,
        resource: index === undefined ? tableArn : `${tableArn}/index/${index}`,
        context: () => ({
          'dynamodb:LeadingKeys': leadingKeysOf(operation, text, this.#tables.get(table ?? ''), index),
        }),
      },
    ];
  }

  /** The answer to a call of a partition key that has had its units of this second. */
  throttled(operation: string, body: Buffer): AwsResponse | undefined {
    const fault = this.#partitions?.check(operation, this.permissionsOf(operation, { body }));
    return fault && this.errorResponse(fault);
  }

  async handle(operation: string, request: AwsRequest): Promise<AwsResponse> {
    const throttled = this.throttled(operation, request.body);
    if (throttled) return throttled;
    const { 'x-amz-target': target, 'content-type': contentType } = request.headers;
    const response = await this.#options.client.forward(
      String(target),
      request.body,
      typeof contentType === 'string' ? contentType : undefined,
    );
    this.answered(operation, request.body, response.status, response.body.length);
    const headers: Record<string, string> = {};
    for (const name of ['content-type', 'x-amzn-requestid', 'x-amz-crc32']) {
      const value = response.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    return { status: response.status, headers, body: response.body };
  }

  /** Tells the readers of the streams what a successful call may have written; charges its partitions. */
  answered(operation: string, body: Buffer, status: number, responseBytes: number): void {
    if (this.#partitions) {
      const units = unitsOf(operation, status, body.length, responseBytes);
      this.#partitions.charge(this.permissionsOf(operation, { body }), units);
    }
    if (status !== 200 || !WRITES.has(operation)) return;
    for (const { name, quoted } of this.#streamed) {
      if (body.includes(quoted)) this.#options.onWrite(name);
    }
  }

  errorResponse({ status, code, message, details }: ServiceFault): AwsResponse {
    const namespace = SERVICE_EXCEPTIONS.has(code)
      ? 'com.amazon.coral.service'
      : 'com.amazonaws.dynamodb.v20120810';
    return {
      status,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify({ __type: `${namespace}#${code}`, message, ...details }),
    };
  }
}

const SERVICE_EXCEPTIONS = new Set([
  'AccessDeniedException',
  'SerializationException',
  'UnknownOperationException',
  'UnrecognizedClientException',
]);
