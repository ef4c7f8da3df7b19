/** Files of a room: announce one, send it in parts, get one. The bytes never pass through here. */

import * as z from 'zod/mini';
import { addressesOfParts, completeFile, listParts } from '../../shared/chat/file-parts.ts';
import { addressOfFile, createFile } from '../../shared/chat/files.ts';
import {
  CreateFileBody,
  FileAddress,
  FilePath,
  FileQuery,
  FileUpload,
  PartAddress,
  RoomPath,
  SignPartsBody,
  UploadedPart,
} from '../../shared/protocol/rest.ts';
import { endpoint, Redirect } from './endpoint.ts';

const tag = 'Files';
const FILE = '/api/rooms/{room}/files/{file}';

const create = endpoint(
  {
    method: 'POST',
    path: '/api/rooms/{room}/files',
    operation: 'upload the file',
    summary:
      'Announces a file: answers with its id and a form that takes its bytes, of exactly this type and size; a file of more than 100 MB may come in parts instead. A message that names the id keeps it.',
    tag,
    params: RoomPath,
    body: CreateFileBody,
    status: 201,
    answer: FileUpload,
    refusals: ['not_found', 'forbidden'],
  },
  ({ params, body, identity, services: { context: chat, files, parts } }) =>
    createFile({ chat, files, parts }, { ...body, room: params.room, user: identity.user }),
);

const get = endpoint(
  {
    method: 'GET',
    path: FILE,
    operation: 'fetch the file',
    summary:
      'Leads to where the file, or the thumbnail of an image, can be fetched for a minute; or tells the address.',
    tag,
    params: FilePath,
    query: FileQuery,
    status: 200,
    redirects: true,
    answer: FileAddress,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  async ({ params, query, identity, services: { context: chat, files } }) => {
    const thumbnail = query.thumbnail === 'true';
    const address = await addressOfFile({ chat, files }, { ...params, user: identity.user, thumbnail });
    return query.redirect === 'false' ? address : new Redirect(address.url);
  },
);

const signParts = endpoint(
  {
    method: 'POST',
    path: `${FILE}/parts`,
    operation: 'send parts of the file',
    summary:
      'Where parts of a large file are sent to by PUT, each in exactly its size, within an hour: to who announced it.',
    tag,
    params: FilePath,
    body: SignPartsBody,
    status: 200,
    answer: z.object({ items: z.array(PartAddress) }),
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  async ({ params, body, identity: { user }, services: { context: chat, parts } }) => ({
    items: await addressesOfParts({ chat, parts }, { ...params, user, wanted: body.parts }),
  }),
);

const parts = endpoint(
  {
    method: 'GET',
    path: `${FILE}/parts`,
    operation: 'list parts of the file',
    summary: 'The parts of a large file that came already: what is missing is still to be sent.',
    tag,
    params: FilePath,
    status: 200,
    answer: z.object({ items: z.array(UploadedPart) }),
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  async ({ params, identity: { user }, services: { context: chat, parts } }) => ({
    items: await listParts({ chat, parts }, { ...params, user }),
  }),
);

const complete = endpoint(
  {
    method: 'POST',
    path: `${FILE}/complete`,
    operation: 'complete the file',
    summary:
      'Makes the parts of a large file one, once all of them are there; then it is looked at as any file is.',
    tag,
    params: FilePath,
    status: 204,
    refusals: ['not_found', 'forbidden', 'conflict'],
  },
  async ({ params, identity: { user }, services: { context: chat, parts } }) => {
    await completeFile({ chat, parts }, { ...params, user });
    return undefined;
  },
);

export const fileEndpoints = [create, signParts, parts, complete, get];
