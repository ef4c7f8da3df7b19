/** One message of a room: read, edit, delete, react, pin. */
import {
  addReaction,
  deleteMessage,
  editMessage,
  pinMessage,
  removeReaction,
  unpinMessage,
} from '../../shared/chat/change-message.ts';
import { listPins, readMessage } from '../../shared/chat/read-message.ts';
import { chargesOfMessage } from '../../shared/chat/spam.ts';
import { Message } from '../../shared/protocol/events.ts';
import {
  Changed,
  ChangeQuery,
  EditMessageBody,
  EditsQuery,
  MessagePath,
  MessageWithEdits,
  PageQuery,
  pageOf,
  ReactionPath,
  RoomPath,
} from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';
import { given } from './rooms.ts';

const tag = 'Messages';
const MESSAGE = '/api/rooms/{room}/messages/{seq}';

const read = endpoint(
  {
    method: 'GET',
    path: MESSAGE,
    operation: 'read the message',
    summary: 'One message; with `edits=true` also its earlier texts, for its author and for admins.',
    tag,
    params: MessagePath,
    query: EditsQuery,
    status: 200,
    answer: MessageWithEdits,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, query, identity: { user }, services }) =>
    readMessage(services.context, { ...params, user, edits: query.edits === 'true' }),
);

const edit = endpoint(
  {
    method: 'PATCH',
    path: MESSAGE,
    operation: 'edit',
    summary: 'Gives one of the user’s messages another text.',
    tag,
    params: MessagePath,
    body: EditMessageBody,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  ({ params: { room, seq: target }, body: { id, text }, identity: { user }, services }) =>
    editMessage(services.context, { room, user, target, text, ...given({ id }) }),
  ({ params: { room }, body: { id, text }, services: { spam, context } }, operation) =>
    chargesOfMessage(spam, { room, id: id ?? context.newId(), text }, operation),
);

const remove = endpoint(
  {
    method: 'DELETE',
    path: MESSAGE,
    operation: 'delete',
    summary: 'Deletes a message of the user’s; admins delete any. Its number stays.',
    tag,
    params: MessagePath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room, seq: target }, query, identity: { user }, services }) =>
    deleteMessage(services.context, { room, user, target, ...given(query) }),
);

const react = endpoint(
  {
    method: 'PUT',
    path: `${MESSAGE}/reactions/{emoji}`,
    operation: 'react',
    summary: 'Adds the user’s reaction to a message, once for each emoji.',
    tag,
    params: ReactionPath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  ({ params: { room, seq: target, emoji }, query, identity: { user }, services }) =>
    addReaction(services.context, { room, user, target, emoji, ...given(query) }),
);

const unreact = endpoint(
  {
    method: 'DELETE',
    path: `${MESSAGE}/reactions/{emoji}`,
    operation: 'take back the reaction',
    summary: 'Takes the user’s reaction back.',
    tag,
    params: ReactionPath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room, seq: target, emoji }, query, identity: { user }, services }) =>
    removeReaction(services.context, { room, user, target, emoji, ...given(query) }),
);

const pin = endpoint(
  {
    method: 'PUT',
    path: `${MESSAGE}/pin`,
    operation: 'pin',
    summary: 'Pins a message: admins, and both in a direct room.',
    tag,
    params: MessagePath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room, seq: target }, query, identity: { user }, services }) =>
    pinMessage(services.context, { room, user, target, ...given(query) }),
);

const unpin = endpoint(
  {
    method: 'DELETE',
    path: `${MESSAGE}/pin`,
    operation: 'unpin',
    summary: 'Takes a message from the pinned ones.',
    tag,
    params: MessagePath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room, seq: target }, query, identity: { user }, services }) =>
    unpinMessage(services.context, { room, user, target, ...given(query) }),
);

const pins = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/pins',
    operation: 'list pins',
    summary: 'The pinned messages of a room, the newest messages first.',
    tag,
    params: RoomPath,
    query: PageQuery,
    status: 200,
    answer: pageOf(Message),
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    listPins(services.context, { ...query, user, room }),
);

export const messageChangeEndpoints = [read, edit, remove, react, unreact, pin, unpin, pins];
