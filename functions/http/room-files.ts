/** Files of a room: announce one, get one. The bytes never pass through here. */
import { addressOfFile, createFile } from '../../shared/chat/files.ts';
import {
  CreateFileBody,
  FileAddress,
  FilePath,
  FileQuery,
  FileUpload,
  RoomPath,
} from '../../shared/protocol/rest.ts';
import { endpoint, Redirect } from './endpoint.ts';

const tag = 'Files';

const create = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/files',
    operation: 'upload the file',
    summary:
      'Announces a file: answers with its id and a form that takes its bytes, of exactly this type and size. A message that names the id keeps it.',
    tag,
    params: RoomPath,
    body: CreateFileBody,
    status: 201,
    answer: FileUpload,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, body, identity, services: { context: chat, files } }) =>
    createFile({ chat, files }, { ...body, room: params.room, user: identity.user }),
);

const get = endpoint(
  {
    method: 'GET',
    path: '/api/rooms/{room}/files/{file}',
    operation: 'fetch the file',
    summary: 'Leads to where the file can be fetched for a minute, for saving; or tells the address.',
    tag,
    params: FilePath,
    query: FileQuery,
    status: 200,
    redirects: true,
    answer: FileAddress,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  async ({ params, query, identity, services: { context: chat, files } }) => {
    const address = await addressOfFile({ chat, files }, { ...params, user: identity.user });
    return query.redirect === 'false' ? address : new Redirect(address.url);
  },
);

export const fileEndpoints = [create, get];
