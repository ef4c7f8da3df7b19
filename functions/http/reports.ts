/** Reports of messages, by members to admins. */
import { listReports, report } from '../../shared/chat/reports.ts';
import { MessagePath, PageQuery, pageOf, Report, ReportBody, RoomPath } from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const tag = 'Reports';

const make = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/messages/{seq}/report',
    operation: 'report the message',
    summary:
      'Asks the admins of the room to look at a message; a second report takes the place of the first.',
    tag,
    params: MessagePath,
    body: ReportBody,
    status: 201,
    answer: Report,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, body, identity: { user }, services }) => report(services.context, { ...params, ...body, user }),
);

const list = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/reports',
    operation: 'list reports',
    summary: 'What was reported, the newest messages first; to admins.',
    tag,
    params: RoomPath,
    query: PageQuery,
    status: 200,
    answer: pageOf(Report),
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    listReports(services.context, { ...query, user, room }),
);

export const reportEndpoints = [make, list];
