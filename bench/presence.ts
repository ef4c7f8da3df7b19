/**
 * `npm run bench:presence`: posts for presence while a thousand people come and go in a hundred rooms: the real code on a real
 * database, each post counted by who got it and for which change.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { marshall } from '@aws-sdk/util-dynamodb';
import { openConnection, removeConnection } from '../shared/chat/connections.ts';
import type { ChatContext } from '../shared/chat/context.ts';
import type { DynamoCall } from '../shared/data/dynamodb.ts';
import { putMembership } from '../shared/data/memberships.ts';
import { createTable } from '../shared/data/table.ts';
import { createLane } from '../shared/delivery/lane.ts';
import type { Poster } from '../shared/delivery/poster.ts';
import type { PresenceMessage } from '../shared/delivery/presence-messages.ts';
import { type ConnectionRecord, readConnectionRecords } from '../shared/delivery/presence-records.ts';
import { tellCount, tellShard } from '../shared/delivery/tell-count.ts';
import { followUser, lookAndTell, type PresenceEnvironment } from '../shared/delivery/tell-presence.ts';
import { createLogger } from '../shared/observability/log.ts';
import { RoomId, UserId } from '../shared/protocol/ids.ts';
import { CHAT_TABLE, CONNECTIONS_TABLE, openDatabase } from './database.ts';
import { table } from './table.ts';

const PEOPLE = 1_000;
const ROOMS = 100;
/** Rooms of each person, so that thirty share a room and each shares rooms with some ninety. */
const ROOMS_EACH = 3;
/** People of whom the page is loaded again. */
const RELOADS = 300;
const TABS = 2;
/** Connections that open or close at once. */
const AT_ONCE = 16;
/** Shorter than the stack's 5 s, as nobody has to wait for a page here. */
const GRACE_MS = 2_000;
/** As the mapping has it: what came within a second goes to the follower together, a hundred records at most. */
const WINDOW_MS = 1_000;
const BATCH = 100;

interface Tab {
  readonly connection: string;
  readonly user: UserId;
  readonly connectedAt: number;
}

/** Posts of one phase, by who got which change. */
class Posts {
  total = 0;
  readonly #byChange = new Map<string, number>();

  note(connection: string, frame: string): void {
    this.total++;
    const { user, online } = JSON.parse(frame) as { user?: string; online?: boolean };
    const key = `${connection} ${user} ${online}`;
    this.#byChange.set(key, (this.#byChange.get(key) ?? 0) + 1);
  }

  /** The most that one connection got for one change. */
  get most(): number {
    return Math.max(0, ...this.#byChange.values());
  }
}

async function main(): Promise<void> {
  const database = await openDatabase();
  const { call } = database.open();
  let calls = 0;
  const counting: DynamoCall = (operation, input) => {
    calls++;
    return call(operation, input);
  };
  const now = Date.now;
  const contextOf = (through: DynamoCall): ChatContext => ({
    chat: createTable({ name: CHAT_TABLE, call: through, now }),
    connections: createTable({ name: CONNECTIONS_TABLE, call: through, now }),
    now,
    newId: randomUUID,
  });
  const people = contextOf(call);
  let posts = new Posts();
  let records: ConnectionRecord[] = [];
  const open = new Set<string>();
  const work = new Set<Promise<void>>();
  const due: { readonly message: PresenceMessage; readonly at: number }[] = [];
  const failures: unknown[] = [];

  const poster: Poster = {
    async post({ connection }, { bytes }) {
      if (!open.has(connection)) return 'gone';
      posts.note(connection, Buffer.from(bytes).toString());
      return 'done';
    },
    close: async () => 'done',
  };
  const environment: PresenceEnvironment = {
    context: contextOf(counting),
    logger: createLogger({ level: 'error' }),
    poster,
    lane: createLane(64, 300),
    cleanUp: createLane(8, 3_000),
    tables: createLane(32, 3_000),
    now,
    sleep: (ms) => sleep(ms),
    random: Math.random,
    graceMs: GRACE_MS,
    sendLater: async (message, afterMs = 0) => {
      due.push({ message, at: now() + afterMs });
    },
  };

  function begin(task: Promise<void>): void {
    const running = task
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => work.delete(running));
    work.add(running);
  }

  /** What Lambda does with the stream and the queue, until all is done. */
  async function settle(busy: () => boolean): Promise<void> {
    while (busy() || records.length + due.length + work.size > 0) {
      await sleep(Math.min(WINDOW_MS, 100));
      for (let at = due.length - 1; at >= 0; at--) {
        const waiting = due[at];
        if (!waiting || waiting.at > now()) continue;
        due.splice(at, 1);
        const { message } = waiting;
        if (message.kind === 'count') begin(tellCount(environment, message.room));
        else if (message.kind === 'count-shard') begin(tellShard(environment, message));
        else begin(lookAndTell(environment, { ...message, retell: message.retell ?? false, news: false }));
      }
      if (records.length < BATCH && busy()) continue;
      const batch = records.slice(0, BATCH);
      records = records.slice(BATCH);
      for (const news of readConnectionRecords(batch).news) begin(followUser(environment, news));
      await Promise.all(work);
    }
  }

  function record(eventName: string, pk: string, sk: string, old: object | undefined): void {
    const Keys = marshall({ pk, sk });
    records.push({ eventName, dynamodb: { Keys, ...(old ? { OldImage: marshall(old) } : {}) } });
  }

  async function openTab(user: UserId): Promise<Tab> {
    const tab = { connection: randomUUID(), user, connectedAt: now() };
    await openConnection(
      people,
      { user, session: undefined, expiresAt: now() + 3_600_000 },
      { ...tab, callback: 'https://api.example.com/dev' },
      { connectionsPerUser: 0, lookLater: async () => {} },
    );
    open.add(tab.connection);
    record('INSERT', `USER#${user}`, `CONN#${tab.connection}`, undefined);
    return tab;
  }

  async function closeTab(tab: Tab): Promise<void> {
    open.delete(tab.connection);
    await removeConnection(people, tab);
    const { user, connectedAt } = tab;
    record('REMOVE', `CONN#${tab.connection}`, 'CONN', { user, connectedAt });
    record('REMOVE', `USER#${user}`, `CONN#${tab.connection}`, undefined);
  }

  /** Some things at once, one for each of the list. */
  async function each<T>(list: readonly T[], go: (one: T) => Promise<void>): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let one = list[next++]; one !== undefined; one = list[next++]) await go(one);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  const rows: string[][] = [];
  let kept = true;

  async function phase(
    title: string,
    changes: number,
    most: number,
    act: () => Promise<void>,
  ): Promise<void> {
    posts = new Posts();
    calls = 0;
    let busy = true;
    const acting = act().finally(() => {
      busy = false;
    });
    await settle(() => busy);
    await acting;
    if (failures.length > 0) throw failures[0];
    const fine = posts.most <= 1 && posts.total <= most;
    kept &&= fine;
    const number = (value: number): string => value.toLocaleString('en');
    const perChange = changes === 0 ? '' : (calls / changes).toFixed(1);
    rows.push([title, number(changes), number(posts.total), number(most), String(posts.most), perChange]);
  }

  try {
    const users = Array.from({ length: PEOPLE }, (_, index) => UserId.parse(`person-${index}`));
    const roomsOf = new Map(
      users.map((user, index) => [
        user,
        Array.from({ length: ROOMS_EACH }, (_, step) =>
          RoomId.parse(`room-${(index * 7 + step * (1 + (index % 31))) % ROOMS}`),
        ),
      ]),
    );
    const membersOf = new Map<RoomId, Set<UserId>>();
    await each(users, async (user) => {
      for (const room of new Set(roomsOf.get(user))) {
        const members = membersOf.get(room) ?? new Set();
        membersOf.set(room, members.add(user));
        const membership = {
          room,
          user,
          role: 'member',
          since: 1,
          joinedAt: new Date(0).toISOString(),
        } as const;
        await putMembership(people.chat, { ...membership, read: { seq: 1, n: 0 }, asOf: 1 });
      }
    });
    const sharing = (user: UserId): number =>
      new Set((roomsOf.get(user) ?? []).flatMap((room) => [...(membersOf.get(room) ?? [])])).size - 1;
    const observers = users.reduce((sum, user) => sum + sharing(user), 0);
    console.log(
      `${PEOPLE} people in ${ROOMS} rooms; each shares rooms with ${Math.round(observers / PEOPLE)} others; ${TABS} tabs each`,
    );

    const tabs = new Map<UserId, Tab[]>();
    await phase('all come, two tabs each', PEOPLE, observers * TABS, () =>
      each(users, async (user) => {
        const mine: Tab[] = [];
        for (let tab = 0; tab < TABS; tab++) mine.push(await openTab(user));
        tabs.set(user, mine);
      }),
    );
    await phase(`${RELOADS} close all tabs and are back within the grace`, 2 * RELOADS, 0, () =>
      each(users.slice(0, RELOADS), async (user) => {
        for (const tab of tabs.get(user) ?? []) await closeTab(tab);
        tabs.set(user, [await openTab(user), await openTab(user)]);
      }),
    );
    await phase('one tab of each goes', 0, 0, () =>
      each(users, async (user) => {
        const last = tabs.get(user)?.pop();
        if (last) await closeTab(last);
      }),
    );
    await phase('every other person goes', PEOPLE / 2, observers, () =>
      each(
        users.filter((_, index) => index % 2 === 0),
        async (user) => {
          for (const tab of tabs.get(user) ?? []) await closeTab(tab);
        },
      ),
    );
    console.log(
      table(
        ['what happens', 'changes', 'posts', 'at most', 'per observer and change', 'table calls/change'],
        rows,
      ),
    );
    console.log(`at most one post per observer and change: ${kept ? 'kept' : 'MISSED'}`);
    process.exitCode = kept ? 0 : 1;
  } finally {
    await database.close();
  }
}

await main();
