/** Rooms: list, open, look at, change, delete, join and leave. */
import { listPublicRooms, listRooms } from '../../shared/chat/lists.ts';
import { deleteRoom, updateRoom } from '../../shared/chat/room-settings.ts';
import { createRoom, getRoom, joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { chargesOfJoin } from '../../shared/chat/spam.ts';
import type { ClientId } from '../../shared/protocol/ids.ts';
import {
  Changed,
  ChangeQuery,
  CreateRoomBody,
  JoinedRoom,
  PageQuery,
  PrefixQuery,
  pageOf,
  Room,
  RoomPath,
  UpdateRoomBody,
} from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const tag = 'Rooms';

/** The client's id of a change, as an author has it. */
export function given({ id }: { readonly id?: ClientId | undefined }): { readonly id?: ClientId } {
  return id === undefined ? {} : { id };
}

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

const update = endpoint(
  {
    method: 'PATCH',
    path: '/api/rooms/{room}',
    operation: 'change the room',
    summary: 'Changes name, topic, kind, slow mode or how long messages are kept; for admins.',
    tag,
    params: RoomPath,
    query: ChangeQuery,
    body: UpdateRoomBody,
    status: 200,
    answer: Room,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, body: wanted, identity: { user }, services }) =>
    updateRoom(services.context, { user, room, ...given(query), wanted }),
);

const remove = endpoint(
  {
    method: 'DELETE',
    path: '/api/rooms/{room}',
    operation: 'delete the room',
    summary: 'Deletes a room for good, for its owners; the number is that of the last event of its log.',
    tag,
    params: RoomPath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    deleteRoom(services.context, { user, room, ...given(query) }),
);

const join = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/join',
    operation: 'join',
    summary: 'Joins a public room; the number is that of the event that made the user a member.',
    tag,
    params: RoomPath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    joinRoom(services.context, { user, room, ...given(query) }),
  ({ params: { room }, query, services: { spam, context } }, operation) =>
    chargesOfJoin(spam, { room, id: query.id ?? context.newId() }, operation),
);

const leave = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/leave',
    operation: 'leave',
    summary: 'Leaves a room; its last owner has to name another first.',
    tag,
    params: RoomPath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    leaveRoom(services.context, { user, room, ...given(query) }),
);

/** A room could have the id `public`: the list of public rooms comes first, so that it is never taken for one. */
export const roomEndpoints = [list, listPublic, create, get, update, remove, join, leave];
