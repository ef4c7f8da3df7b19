import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import type { Handler } from './handler.ts';
import type { Settings } from './settings.ts';

/** Name of Chat's one index: listings where a second's delay is fine. */
const OWNER_INDEX = 'byOwner';

/** Calls on items. `Scan` is not among them: nothing that serves a client reads a table from end to end. */
type ItemAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem';

/** What a function may do with a table. */
export interface TableGrant {
  readonly actions: readonly ItemAction[];
  /**
   * Partition keys that the function may name, `*` as in IAM; all by default. With them a function that has to do with
   * rooms can't read a password's hash, whatever a client talks it into.
   */
  readonly keys?: readonly string[];
  /** Whether it may query the index, too. */
  readonly index?: boolean;
}

/** A table that gives a function its name and the rights that it asks for, in one call. */
export class ItemTable extends dynamodb.Table {
  readonly #variable: string;

  constructor(scope: Construct, id: string, variable: string, props: Partial<dynamodb.TableProps>) {
    super(scope, id, {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      ...props,
    });
    this.#variable = variable;
  }

  bind(handler: Handler, { actions, keys, index = false }: TableGrant): void {
    handler.addEnvironment(this.#variable, this.tableName);
    handler.allow(
      actions.map((action) => `dynamodb:${action}`),
      [this.tableArn],
      keys === undefined ? {} : { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...keys] } },
    );
    if (index) handler.allow(['dynamodb:Query'], [`${this.tableArn}/index/${OWNER_INDEX}`]);
  }
}

/** What a stream tells its readers of a change. */
const STREAM = dynamodb.StreamViewType.NEW_AND_OLD_IMAGES;

/**
 * The tables: Chat, which must last; Connections, which clients rebuild by reconnecting; and Search, which is made again from Chat's log.
 * Nobody follows Search: ten records a message more would pass by both readers of a stream.
 */
export class Tables extends Construct {
  readonly chat: ItemTable;
  readonly connections: ItemTable;
  /** Undefined where search is off. */
  readonly search: ItemTable | undefined;

  constructor(scope: Construct, id: string, { keepData, search }: Settings) {
    super(scope, id);
    this.chat = new ItemTable(this, 'Chat', ENV.chatTable, {
      stream: STREAM,
      removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      deletionProtection: keepData,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: keepData },
    });
    this.chat.addGlobalSecondaryIndex({
      indexName: OWNER_INDEX,
      partitionKey: { name: 'gsi1pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'gsi1sk', type: dynamodb.AttributeType.STRING },
    });
    this.connections = new ItemTable(this, 'Connections', ENV.connectionsTable, {
      stream: STREAM,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.search = search
      ? new ItemTable(this, 'Search', ENV.searchTable, { removalPolicy: RemovalPolicy.DESTROY })
      : undefined;
  }
}
