/** Messages of a room: send, read. */
import { readHistory } from '../../shared/chat/history.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { chargesOfMessage } from '../../shared/chat/spam.ts';
import { listThreads } from '../../shared/chat/threads.ts';
import { REPLIES } from '../../shared/protocol/frames.ts';
import {
  HistoryQuery,
  PageQuery,
  pageOf,
  RoomPath,
  SendMessageBody,
  Thread,
} from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const tag = 'Messages';

const send = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/messages',
    operation: 'send',
    summary: 'Sends a message. The same `id` sent again within 24 hours makes no second one (P3).',
    tag,
    params: RoomPath,
    body: SendMessageBody,
    status: 201,
    answer: REPLIES.sendMessage,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  ({ params, body: { id, text, thread, attachments }, identity, services }) =>
    sendMessage(services.context, {
      room: params.room,
      user: identity.user,
      text,
      thread,
      attachments,
      ...(id === undefined ? {} : { id }),
    }),
  ({ params: { room }, body, services: { spam, context } }, operation) =>
    chargesOfMessage(spam, { room, id: body.id ?? context.newId(), text: body.text }, operation),
);

const read = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/messages',
    operation: 'read history',
    summary:
      'Messages of a room, or the replies of a thread, ascending: the newest, or those before a number.',
    tag,
    params: RoomPath,
    query: HistoryQuery,
    status: 200,
    answer: REPLIES.history,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, query, identity, services }) =>
    readHistory(services.context, { ...query, user: identity.user, room: params.room }),
);

const threads = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/threads',
    operation: 'list threads',
    summary:
      'Threads that the user takes part in, the ones with the newest replies first, with how many replies it has not read.',
    tag,
    params: RoomPath,
    query: PageQuery,
    status: 200,
    answer: pageOf(Thread),
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    listThreads(services.context, { ...query, user, room }),
);

export const messageEndpoints = [read, send, threads];
