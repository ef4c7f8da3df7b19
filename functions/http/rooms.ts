/** Rooms: list, open, look at, join and leave. */
import { listMembers, listPublicRooms, listRooms } from '../../shared/chat/lists.ts';
import { createRoom, getRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { chargesOfJoin } from '../../shared/chat/spam.ts';
import { REPLIES } from '../../shared/protocol/frames.ts';
import {
  CreateRoomBody,
  JoinedRoom,
  Member,
  PageQuery,
  PrefixQuery,
  pageOf,
  Room,
  RoomPath,
} from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const tag = 'Rooms';

const list = endpoint(
  {
    method: 'GET',
    path: '/api/rooms',
    operation: 'list rooms',
    summary: 'The rooms of the user, by id, with what is new in each.',
    tag,
    query: PageQuery,
    status: 200,
    answer: pageOf(JoinedRoom),
  },
  ({ query, identity, services }) => listRooms(services.context, { ...query, user: identity.user }),
);

const listPublic = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/public',
    operation: 'list public rooms',
    summary: 'Rooms that anyone may join, by name; only those whose name begins with `prefix`.',
    tag,
    query: PrefixQuery,
    status: 200,
    answer: pageOf(Room),
  },
  ({ query, services }) => listPublicRooms(services.context, query),
);

const create = endpoint(
  {
    method: 'POST',
    path: '/api/rooms',
    operation: 'create the room',
    summary: 'Opens a room; who does is its owner. Its id is made from its name unless it is given.',
    tag,
    body: CreateRoomBody,
    status: 201,
    answer: Room,
    refusals: ['conflict'],
  },
  ({ body, identity, services }) => createRoom(services.context, { ...body, user: identity.user }),
);

const get = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}',
    operation: 'read the room',
    summary: 'A room that is public, or that the user is a member of.',
    tag,
    params: RoomPath,
    status: 200,
    answer: Room,
    refusals: ['not_found'],
  },
  ({ params, identity, services }) => getRoom(services.context, { user: identity.user, room: params.room }),
);

const join = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/join',
    operation: 'join',
    summary: 'Joins a public room; the number is that of the event that made the user a member.',
    tag,
    params: RoomPath,
    status: 200,
    answer: REPLIES.joinRoom,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, identity, services }) => joinRoom(services.context, { user: identity.user, room: params.room }),
  ({ params: { room }, services: { spam, context } }, operation) =>
    chargesOfJoin(spam, { room, id: context.newId() }, operation),
);

const leave = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/leave',
    operation: 'leave',
    summary: 'Leaves a room; its last owner has to name another first.',
    tag,
    params: RoomPath,
    status: 200,
    answer: REPLIES.leaveRoom,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  ({ params, identity, services }) => leaveRoom(services.context, { user: identity.user, room: params.room }),
);

const members = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/members',
    operation: 'list members',
    summary: 'The members of a room, to its members.',
    tag,
    params: RoomPath,
    query: PageQuery,
    status: 200,
    answer: pageOf(Member),
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, query, identity, services }) =>
    listMembers(services.context, { ...query, user: identity.user, room: params.room }),
);

/** A room could have the id `public`: the list of public rooms comes first, so that it is never taken for one. */
export const roomEndpoints = [list, listPublic, create, get, join, leave, members];
