/** Messages by their words. */
import { search } from '../../shared/chat/search.ts';
import { FoundMessage, pageOf, SearchQuery } from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const find = endpoint(
  {
    method: 'GET',
    path: '/api/search',
    operation: 'search',
    summary:
      'Messages of the caller’s rooms that hold all the words, the newest first. A page may be short, or empty, and have a cursor.',
    tag: 'Messages',
    query: SearchQuery,
    status: 200,
    answer: pageOf(FoundMessage),
    refusals: ['not_found', 'forbidden'],
  },
  ({ query, identity: { user }, services }) => search(services.context, { ...query, user }),
);

export const searchEndpoints = [find];
