/** A room's whole log, for those who run the room. */
import { exportRoom } from '../../shared/chat/export-room.ts';
import { ExportQuery, RoomExport } from '../../shared/protocol/export.ts';
import { RoomPath } from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const get = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/export',
    operation: 'export the room',
    summary:
      'All events of the room, ascending, in pages of about a megabyte: follow `cursor` to the end. `seq` is the number of the last one. For admins, and for both in a direct room.',
    tag: 'Rooms',
    params: RoomPath,
    query: ExportQuery,
    status: 200,
    answer: RoomExport,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, query, identity: { user }, services }) =>
    exportRoom(services.context, { ...query, user, room }),
);

export const roomExportEndpoints = [get];
