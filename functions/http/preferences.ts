/** What a member wants of a room. */
import { setPreferences } from '../../shared/chat/preferences.ts';
import { Preferences, PreferencesBody, RoomPath } from '../../shared/protocol/rest.ts';
import { endpoint } from './endpoint.ts';

const set = endpoint(
  {
    method: 'PUT',
    path: '/api/rooms/{room}/preferences',
    operation: 'set the preferences',
    summary:
      'What the user is notified of in a room: all messages, mentions (in a direct room all messages), or nothing.',
    tag: 'Rooms',
    params: RoomPath,
    body: PreferencesBody,
    status: 200,
    answer: Preferences,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params: { room }, body: { notify }, identity: { user }, services }) =>
    setPreferences(services.context, { user, room, notify }),
);

export const preferenceEndpoints = [set];
