/** From the records of the Connections stream to whose presence has to be looked at. */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { GoneConnection } from '../chat/presence-state.ts';
import { connectionKeys, USER_CONNECTION_PREFIX } from '../data/keys.ts';
import { RoomId, UserId } from '../protocol/ids.ts';

type Image = Readonly<Record<string, unknown>>;

/** The fields of a record that presence reads; infra/presence.ts filters for them. */
export interface ConnectionRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly Keys?: Image;
    readonly NewImage?: Image;
    readonly OldImage?: Image;
  };
}

/** One user's part of a batch: any number of connections that came and went are looked at once. */
export interface UserNews {
  readonly user: UserId;
  readonly gone: GoneConnection[];
  /** Rooms that the user has joined with a connection open, and the number of the event. */
  readonly joined: Map<RoomId, number>;
  /** Whether a connection came or went. */
  moved: boolean;
  /** Sequence number of the first record. */
  readonly firstRecord: string;
}

const CONNECTION = connectionKeys.connection('');
const USER_PREFIX = 'USER#';
const ROOM_SHARD = /^SUBS#([^#]+)#\d+$/;

const Connection = z.object({ user: UserId, connectedAt: z.int() });
const Subscription = z.object({ user: UserId, since: z.int() });

/** Groups a batch by user. Records of anything else are nothing to presence. */
export function readConnectionRecords(records: readonly ConnectionRecord[]): {
  readonly news: readonly UserNews[];
  /** Sequence numbers of records that can't be read. */
  readonly unreadable: readonly string[];
} {
  const news = new Map<UserId, UserNews>();
  const unreadable: string[] = [];
  const newsOf = (user: UserId, firstRecord: string): UserNews => {
    const known = news.get(user);
    if (known) return known;
    const made = { user, gone: [], joined: new Map(), moved: false, firstRecord };
    news.set(user, made);
    return made;
  };
  for (const { eventName, dynamodb } of records) {
    const sequence = dynamodb?.SequenceNumber ?? '';
    try {
      const { pk, sk } = plain(dynamodb?.Keys);
      const place = ROOM_SHARD.exec(String(pk));
      if (place) {
        const { joined, ...subscription } = plain(dynamodb?.NewImage);
        if (joined !== true) continue;
        const { user, since } = z.parse(Subscription, subscription);
        // Put again by who sees to it that it is there: it stands on the membership that it stood on.
        if (plain(dynamodb?.OldImage).since === since) continue;
        newsOf(user, sequence).joined.set(RoomId.parse(place[1]), since);
      } else if (String(pk).startsWith(CONNECTION.pk) && sk === CONNECTION.sk && eventName === 'REMOVE') {
        const { user, connectedAt } = z.parse(Connection, plain(dynamodb?.OldImage));
        const one = newsOf(user, sequence);
        one.gone.push({ connection: String(pk).slice(CONNECTION.pk.length), connectedAt });
        one.moved = true;
      } else if (String(pk).startsWith(USER_PREFIX) && String(sk).startsWith(USER_CONNECTION_PREFIX)) {
        newsOf(UserId.parse(String(pk).slice(USER_PREFIX.length)), sequence).moved = true;
      }
    } catch {
      unreadable.push(sequence);
    }
  }
  return { news: [...news.values()], unreadable };
}

function plain(image: Image | undefined): Record<string, unknown> {
  return unmarshall((image ?? {}) as Parameters<typeof unmarshall>[0]);
}
