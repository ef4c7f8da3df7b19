/** Direct rooms, and from whom a user takes none of it. */
import { block, listBlocks, unblock } from '../../shared/chat/blocks.ts';
import { openDirect } from '../../shared/chat/direct.ts';
import { Block, OpenDirectBody, PageQuery, pageOf, Room, UserPath } from '../../shared/protocol/rest.ts';
import { endpoint, Made } from './endpoint.ts';

const tag = 'Direct rooms';

const open = endpoint(
  {
    method: 'POST',
    path: '/api/direct',
    operation: 'open the direct room',
    summary: 'The direct room with a user: 201 where this call made it, else 200.',
    tag,
    body: OpenDirectBody,
    status: 200,
    made: 201,
    answer: Room,
    refusals: ['not_found', 'forbidden'],
  },
  async ({ body: { user: other }, identity: { user }, services }) => {
    const { room, isNew } = await openDirect(services.context, { user, other });
    return isNew ? new Made(room) : room;
  },
);

const blocks = endpoint(
  {
    method: 'GET',
    path: '/api/users/blocks',
    operation: 'list blocks',
    summary: 'Whom the user has blocked.',
    tag,
    query: PageQuery,
    status: 200,
    answer: pageOf(Block),
  },
  ({ query, identity: { user }, services }) => listBlocks(services.context, { ...query, user }),
);

const put = endpoint(
  {
    method: 'PUT',
    path: '/api/users/{user}/block',
    operation: 'block the user',
    summary: 'From now on this user can neither open the direct room with the caller nor write into it.',
    tag,
    params: UserPath,
    status: 204,
    refusals: ['not_found'],
  },
  async ({ params: { user: other }, identity: { user }, services }) => {
    await block(services.context, { user, other });
    return undefined;
  },
);

const remove = endpoint(
  {
    method: 'DELETE',
    path: '/api/users/{user}/block',
    operation: 'unblock the user',
    summary: 'Ends a block, whether or not there is one.',
    tag,
    params: UserPath,
    status: 204,
  },
  async ({ params: { user: other }, identity: { user }, services }) => {
    await unblock(services.context, { user, other });
    return undefined;
  },
);

export const directEndpoints = [open, blocks, put, remove];
