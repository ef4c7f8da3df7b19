/** People. */
import { listPeople } from '../../shared/chat/people.ts';
import { Person, PrefixQuery, pageOf } from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const list = endpoint(
  {
    method: 'GET',
    path: '/api/users',
    operation: 'list people',
    summary:
      'People by user id; only those whose id begins with `prefix`. Only who shares a room with the user is ever shown online.',
    tag: 'People',
    query: PrefixQuery,
    status: 200,
    answer: pageOf(Person),
  },
  ({ query, identity, services }) => listPeople(services.context, { ...query, user: identity.user }),
);

export const userEndpoints = [list];
