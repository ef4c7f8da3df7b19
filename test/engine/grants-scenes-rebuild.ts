/** The scene of `npm run rebuild`: a room that has lost what was derived from its log. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { searchKeys } from '../../shared/data/keys.ts';
import { RoomId } from '../../shared/protocol/ids.ts';
import { bodyOf } from '../helper/account.ts';
import type { Scene } from './grants-stage.ts';

let rooms = 0;

export const rebuildRoom: Scene = async ({ alice, chat, search, awsEndpoint, rotatorName }) => {
  rooms += 1;
  const room = `rebuild-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'private' }), 201);
  const path = `/api/rooms/${room}/messages`;
  const { seq } = bodyOf<{ seq: number }>(await alice.call('POST', path, { text: `hello ${room}` }), 201);
  bodyOf(await alice.call('PUT', `${path}/${seq}/pin`), 200);
  // A change of the room has everything before it settled.
  bodyOf(await alice.call('PATCH', `/api/rooms/${room}`, { topic: 'Tea' }), 200);
  const pk = `ROOM#${room}`;
  await chat.until({ pk, sk: 'HEAD' }, (head) => head?.settled === seq + 2);
  const number = String(seq).padStart(12, '0');
  const item = await chat.get({ pk, sk: `E#${number}` });
  if (!item?.state) throw new Error('the pin was not applied');
  const { state: _, ...rest } = item;
  await chat.put(rest);
  await chat.delete({ pk, sk: `PIN#${number}` });
  // The message's first word.
  const word = searchKeys.word(RoomId.parse(room), 'hello', seq);
  await search.until(word, (item) => item !== undefined);
  await search.delete(word);
  const lambda = new LambdaClient({
    endpoint: awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  });
  try {
    const FunctionName = rotatorName.replace('rotate-keys', 'rebuild-room');
    for (let task: unknown = { room, after: 0 }; task; ) {
      const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(task) }));
      const text = Buffer.from(answer.Payload ?? []).toString();
      if (answer.FunctionError !== undefined) throw new Error(text);
      task = (JSON.parse(text) as { rest?: unknown }).rest;
    }
  } finally {
    lambda.destroy();
  }
  await chat.until({ pk, sk: `PIN#${number}` }, (pin) => pin?.pinned === true);
  await search.until(word, (item) => item !== undefined);
};
