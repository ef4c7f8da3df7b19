import { setTimeout as sleep } from 'node:timers/promises';
import type { TableModel } from '../assembly/model.ts';
import { DatabaseCallError, type DatabaseClient } from './client.ts';

type Item = Readonly<Record<string, unknown>>;

/** Where the deletion's stream record gets DynamoDB's own identity. */
export interface ExpiryListener {
  expectExpiry(keys: Item): void;
  forgetExpiry(keys: Item): void;
}

export interface ExpiryOptions {
  readonly client: DatabaseClient;
  readonly tables: readonly TableModel[];
  readonly listenerOf: (tableName: string) => ExpiryListener | undefined;
  readonly onDelete: (tableName: string) => void;
  /** Milliseconds between two sweeps. AWS takes up to a few days; sooner shows sooner what a reader must stand. */
  readonly everyMs?: number;
  readonly log: (text: string) => void;
}

const SWEEP_EVERY_MS = 10_000;
/** Items looked at in one call, and a pause after it: a sweep must not stand in the way of calls. */
const PAGE = 250;
const PAGE_PAUSE_MS = 5;
/** DynamoDB leaves alone what expired more than five years ago. */
const OLDEST_SECONDS = 5 * 365 * 86_400;

/** Deletes expired items as DynamoDB's TTL does: late, in no order, and never one that was given more time meanwhile. */
export class ExpirySweeper {
  readonly #options: ExpiryOptions;
  readonly #tables: readonly (TableModel & { readonly ttlAttribute: string })[];
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #closed = false;

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#tables = options.tables.flatMap((table) =>
      table.ttlAttribute === undefined ? [] : [{ ...table, ttlAttribute: table.ttlAttribute }],
    );
  }

  start(): void {
    if (this.#tables.length === 0) return;
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.sweep()
        .catch((error: unknown) => {
          if (!this.#closed) this.#options.log(`unable to delete expired items; ${String(error)}`);
        })
        .finally(() => {
          this.#sweeping = undefined;
        });
    }, this.#options.everyMs ?? SWEEP_EVERY_MS);
    this.#timer.unref();
  }

  /** Looks at each item of each table with a TTL attribute once. */
  async sweep(now = Math.floor(Date.now() / 1000)): Promise<void> {
    for (const table of this.#tables) {
      let start: Item | undefined;
      do {
        const page = await this.#page(table, now, start);
        for (const item of page.Items) await this.#delete(table, item, now);
        start = page.LastEvaluatedKey;
        if (start) await sleep(PAGE_PAUSE_MS);
      } while (start && !this.#closed);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  #page(table: TableModel, now: number, start: Item | undefined) {
    return this.#options.client.call<{ Items: Item[]; LastEvaluatedKey?: Item }>('Scan', {
      TableName: table.name,
      Limit: PAGE,
      ...expired(now),
      ProjectionExpression: table.createTable.KeySchema.map((_, index) => `#k${index}`).join(', '),
      ExpressionAttributeNames: {
        '#ttl': table.ttlAttribute,
        ...Object.fromEntries(
          table.createTable.KeySchema.map(({ AttributeName }, index) => [`#k${index}`, AttributeName]),
        ),
      },
      ...(start && { ExclusiveStartKey: start }),
    });
  }

  async #delete(table: TableModel, key: Item, now: number): Promise<void> {
    const { client, listenerOf, onDelete } = this.#options;
    const listener = listenerOf(table.name);
    const { FilterExpression: ConditionExpression, ...values } = expired(now);
    listener?.expectExpiry(key);
    try {
      await client.call('DeleteItem', {
        TableName: table.name,
        Key: key,
        ConditionExpression,
        ...values,
        ExpressionAttributeNames: { '#ttl': table.ttlAttribute },
      });
      onDelete(table.name);
    } catch (error) {
      listener?.forgetExpiry(key);
      const outrun = error instanceof DatabaseCallError && error.type === 'ConditionalCheckFailedException';
      if (!outrun) throw error;
    }
  }
}

/** A number, past, and not older than DynamoDB looks at. */
function expired(now: number) {
  return {
    FilterExpression: '#ttl BETWEEN :oldest AND :newest',
    ExpressionAttributeValues: {
      ':oldest': { N: String(now - OLDEST_SECONDS) },
      ':newest': { N: String(now - 1) },
    },
  };
}
