import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { connectionKeys, type Key } from '../../shared/data/keys.ts';
import { type ConnectionRecord, readConnectionRecords } from '../../shared/delivery/presence-records.ts';
import { room, user } from '../helper/chat.ts';

const alice = user('alice');
const bob = user('bob');
const general = room('general');

let sequence = 0;

function record(
  eventName: string,
  key: Key,
  images: { fresh?: object; old?: object } = {},
): ConnectionRecord {
  const { fresh, old } = images;
  return {
    eventName,
    dynamodb: {
      SequenceNumber: String(++sequence),
      Keys: marshall(key),
      ...(fresh ? { NewImage: marshall({ ...key, ...fresh }) } : {}),
      ...(old ? { OldImage: marshall({ ...key, ...old }) } : {}),
    },
  };
}

const subscription = (since: number, more: object = {}) => ({ user: alice, since, connectedAt: 5, ...more });

describe('records of the Connections stream', () => {
  it('are grouped by user, with the first record of each', () => {
    const first = sequence + 1;
    const { news, unreadable } = readConnectionRecords([
      record('INSERT', connectionKeys.userConnection(alice, 'a1')),
      record('INSERT', connectionKeys.userConnection(bob, 'b1')),
      record('INSERT', connectionKeys.userConnection(alice, 'a2')),
      record('REMOVE', connectionKeys.userConnection(alice, 'a1')),
    ]);
    expect(unreadable).toEqual([]);
    expect(news.map((one) => [one.user, one.moved, one.firstRecord])).toEqual([
      [alice, true, String(first)],
      [bob, true, String(first + 1)],
    ]);
  });

  it('tell which connections are gone, and of what time: an id may come again', () => {
    const old = { user: alice, connectedAt: 17, tat: 0 };
    const { news } = readConnectionRecords([record('REMOVE', connectionKeys.connection('a1'), { old })]);
    expect(news).toMatchObject([{ user: alice, moved: true, gone: [{ connection: 'a1', connectedAt: 17 }] }]);
  });

  it('tell of rooms that were joined while connected, and not of subscriptions put again', () => {
    const key = connectionKeys.subscription(general, 3, 'a1');
    const fresh = subscription(9, { joined: true });
    const { news } = readConnectionRecords([record('INSERT', key, { fresh })]);
    expect(news).toMatchObject([{ user: alice, moved: false }]);
    expect([...(news[0]?.joined ?? [])]).toEqual([[general, 9]]);
    const again = record('MODIFY', key, { fresh, old: subscription(9) });
    expect(readConnectionRecords([again]).news).toEqual([]);
    const rejoined = record('MODIFY', key, { fresh, old: subscription(4, { joined: true }) });
    expect(readConnectionRecords([rejoined]).news).toHaveLength(1);
  });

  it('of anything else are nothing to presence', () => {
    const { news, unreadable } = readConnectionRecords([
      record('MODIFY', connectionKeys.connection('a1'), { fresh: { tat: 1 } }),
      record('REMOVE', connectionKeys.subscriptionsOf('a1'), { old: { user: alice } }),
      record('INSERT', connectionKeys.subscription(general, 0, 'a1'), { fresh: subscription(2) }),
      record('REMOVE', connectionKeys.subscription(general, 0, 'a1'), { old: subscription(2) }),
      record('INSERT', connectionKeys.onlineIn(general, alice), { fresh: { online: true } }),
      record('MODIFY', connectionKeys.presence(alice), { fresh: { online: true } }),
      record('INSERT', connectionKeys.ticket('hash'), { fresh: { user: alice } }),
    ]);
    expect([news, unreadable]).toEqual([[], []]);
  });

  it('that can’t be read are named, and the others are read', () => {
    const broken = record('REMOVE', connectionKeys.connection('a1'), { old: { user: 'NO NAME' } });
    const { news, unreadable } = readConnectionRecords([
      broken,
      record('INSERT', connectionKeys.userConnection(bob, 'b1')),
    ]);
    expect(unreadable).toEqual([broken.dynamodb?.SequenceNumber]);
    expect(news.map((one) => one.user)).toEqual([bob]);
  });
});
