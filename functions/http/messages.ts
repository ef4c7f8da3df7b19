/** Messages of a room: send, read. */
import * as z from 'zod/mini';
import { sendMessage } from '../../shared/chat/send.ts';
import { REPLIES } from '../../shared/protocol/frames.ts';
import { RoomPath, SendMessageBody } from '../../shared/protocol/rest.ts';
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
    body: z.pick(SendMessageBody, { id: true, text: true }),
    status: 201,
    answer: REPLIES.sendMessage,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, body: { id, text }, identity, services }) =>
    sendMessage(services.context, {
      room: params.room,
      user: identity.user,
      text,
      ...(id === undefined ? {} : { id }),
    }),
);

export const messageEndpoints = [send];
