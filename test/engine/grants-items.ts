/** A table of the engine, looked into with AWS's own client by the engine's user, who may do everything. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { eventually } from './engine-helper.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}
export type Item = Key & Readonly<Record<string, unknown>>;

export class Items {
  readonly #client: DynamoDBClient;
  readonly #TableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#TableName = tableName;
  }

  async put(item: Item): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.#TableName, Item: marshall(item) }));
  }

  async delete(key: Key): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.#TableName, Key: marshall(key) }));
  }

  async scan(): Promise<Item[]> {
    const { Items = [] } = await this.#client.send(
      new ScanCommand({ TableName: this.#TableName, ConsistentRead: true }),
    );
    return Items.map((item) => unmarshall(item) as Item);
  }

  async get(key: Key): Promise<Item | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#TableName, Key: marshall(key), ConsistentRead: true }),
    );
    return Item && (unmarshall(Item) as Item);
  }

  /** Waits until an item is as it should be. */
  async until(key: Key, satisfies: (item: Item | undefined) => boolean): Promise<void> {
    const item = await eventually(() => this.get(key), satisfies);
    if (!satisfies(item)) throw new Error(`${key.pk} ${key.sk} never came to be as it should`);
  }

  untilGone(key: Key): Promise<void> {
    return this.until(key, (item) => item === undefined);
  }
}
