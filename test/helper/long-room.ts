/** A room with a long past, written into the log at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { createAwsSend } from '../../shared/aws/client.ts';
import { createDynamoCall } from '../../shared/data/dynamodb.ts';
import { eventItem } from '../../shared/data/events.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import { createTable } from '../../shared/data/table.ts';
import type { ClientId, RoomId, UserId } from '../../shared/protocol/ids.ts';

/** Of the development stage: CloudFormation's names, as the engine makes them. */
const CHAT_TABLE = /Tables.*Chat/;
const AT_ONCE = 500;

/**
 * Appends messages behind the service's back, as nobody could in a minute. Nobody else may write to the room meanwhile, and its members
 * must come back to see them.
 *
 * @param aws where the AWS services of the engine answer
 */
export async function fillRoom(
  aws: string,
  room: RoomId,
  user: UserId,
  texts: readonly string[],
): Promise<void> {
  const send = createAwsSend({ AWS_ACCESS_KEY_ID: 'user', AWS_SECRET_ACCESS_KEY: 'any' });
  const call = createDynamoCall({ send, origin: aws });
  const { TableNames = [] } = (await call('ListTables', {})) as { TableNames?: string[] };
  const name = TableNames.find((one) => CHAT_TABLE.test(one)) ?? '';
  const chat = createTable({ name, call, now: Date.now });
  const look = () => chat.get(chatKeys.head(room), { consistent: true });
  let head = await look();
  // Until the settler is done with what was said.
  for (let tries = 0; tries < 100 && isUnsettled(head?.pending); tries++) {
    await pause(100);
    head = await look();
  }
  if (!head) throw new Error(`there is no room ${room}`);
  const [seq, n] = [Number(head.seq), Number(head.n)];
  const start = Date.now() - texts.length * 60_000;
  const events = texts.map((text, index) => ({
    event: {
      type: 'message.created' as const,
      seq: seq + index + 1,
      n: n + index + 1,
      at: new Date(start + index * 60_000).toISOString(),
      user,
      id: `past-${index}` as ClientId,
      text,
    },
    n: n + index + 1,
  }));
  for (let from = 0; from < events.length; from += AT_ONCE)
    await chat.batchWrite({ puts: events.slice(from, from + AT_ONCE).map((one) => eventItem(room, one)) });
  const last = events.at(-1)?.event;
  const moved = Object.fromEntries(
    ['seq', 'n', 'settled', 'before'].map((field) => [field, Number(head[field]) + texts.length]),
  );
  await chat.put({ ...head, ...moved, message: last?.seq, last, op: 'settle' });
}

function isUnsettled(pending: unknown): boolean {
  return Array.isArray(pending) && pending.length > 0;
}
