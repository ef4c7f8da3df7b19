/** Members of a room: list, invite, give a role, mute, remove, ban. */
import { changed } from '../../shared/chat/already-so.ts';
import { listBans, revocationOf, unban } from '../../shared/chat/bans.ts';
import { listMembers } from '../../shared/chat/lists.ts';
import { changeMember, removeMember } from '../../shared/chat/members.ts';
import { leaveRoom } from '../../shared/chat/rooms.ts';
import {
  Ban,
  Changed,
  ChangeQuery,
  Member,
  MemberPath,
  PageQuery,
  pageOf,
  RemoveMemberQuery,
  RoomPath,
  UpdateMemberBody,
} from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';
import { given } from './rooms.ts';

const tag = 'Members';

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

const put = endpoint(
  {
    method: 'PUT',
    path: '/api/rooms/{room}/members/{user}',
    operation: 'change the member',
    summary: 'Invites who is not a member, lifting a ban; or gives a role, mutes, or ends a mute (`null`).',
    tag,
    params: MemberPath,
    query: ChangeQuery,
    body: UpdateMemberBody,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  ({ params: { room, user: member }, query, body: wanted, identity: { user }, services }) =>
    changeMember(services.context, { user, room, member, wanted, ...given(query) }),
);

const remove = endpoint(
  {
    method: 'DELETE',
    path: '/api/rooms/{room}/members/{user}',
    operation: 'remove the member',
    summary:
      'Removes a member; with `ban=true` for good, and its connections are closed. Who names itself leaves.',
    tag,
    params: MemberPath,
    query: RemoveMemberQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  async ({ params: { room, user: member }, query, identity: { user }, services }) => {
    const author = { user, room, ...given(query) };
    const ban = query.ban === 'true';
    if (member === user && !ban) return leaveRoom(services.context, author);
    const removed = await removeMember(services.context, { ...author, member, ban });
    const revocation = revocationOf(removed);
    if (revocation) await services.closeConnections(revocation);
    return changed(room, removed);
  },
);

const bans = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/bans',
    operation: 'list bans',
    summary: 'Who is banned from a room, to its admins.',
    tag,
    params: RoomPath,
    query: PageQuery,
    status: 200,
    answer: pageOf(Ban),
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    listBans(services.context, { ...query, user, room }),
);

const lift = endpoint(
  {
    method: 'DELETE',
    path: '/api/rooms/{room}/bans/{user}',
    operation: 'lift the ban',
    summary: 'Lifts a ban, for admins; it makes nobody a member.',
    tag,
    params: MemberPath,
    query: ChangeQuery,
    status: 200,
    answer: Changed,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room, user: member }, query, identity: { user }, services }) =>
    unban(services.context, { user, room, member, ...given(query) }),
);

export const memberEndpoints = [members, put, remove, bans, lift];
