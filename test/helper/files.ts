/** Files as a client uploads and fetches them. */
import { type Account, type Answer, bodyOf } from './account.ts';
import { pause } from './endpoint.ts';

export interface FileUpload {
  readonly file: string;
  readonly upload: {
    readonly method: 'POST';
    readonly url: string;
    readonly fields: Readonly<Record<string, string>>;
  };
  /** Of a large file. */
  readonly multipart?: { readonly partSize: number; readonly parts: number };
}

/** Where a part is sent to. */
export interface PartAddress {
  readonly part: number;
  readonly url: string;
}

/** The shortest PNG there is: one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

/** How long an upload may take to be looked at, milliseconds. */
const PATIENCE_MS = 30_000;

export async function announce(
  account: Account,
  room: string,
  file: { readonly name: string; readonly size: number; readonly contentType: string },
): Promise<FileUpload> {
  return bodyOf(await account.call('POST', `/api/rooms/${room}/files`, file), 201);
}

/** Sends bytes by the form; the status that the storage answers. */
export async function sendForm(
  { upload }: FileUpload,
  bytes: Uint8Array<ArrayBuffer>,
  changes: Readonly<Record<string, string>> = {},
): Promise<number> {
  const body = new FormData();
  for (const [name, value] of Object.entries({ ...upload.fields, ...changes })) body.append(name, value);
  body.append('file', new Blob([bytes]), 'file');
  const response = await fetch(upload.url, { method: upload.method, body });
  await response.arrayBuffer();
  return response.status;
}

/** Where parts of a file are sent to. */
export async function addressesOf(
  account: Account,
  room: string,
  { file, parts }: { readonly file: string; readonly parts: readonly number[] },
): Promise<readonly PartAddress[]> {
  const answer = await account.call('POST', `/api/rooms/${room}/files/${file}/parts`, { parts });
  return bodyOf<{ items: PartAddress[] }>(answer, 200).items;
}

/** Sends a part; the status that the storage answers. */
export async function sendPart({ url }: PartAddress, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const response = await fetch(url, { method: 'PUT', body: bytes });
  await response.arrayBuffer();
  return response.status;
}

/** Asks for a file until it was looked at. */
export async function untilLookedAt(account: Account, room: string, file: string): Promise<Answer> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await account.call('GET', `/api/rooms/${room}/files/${file}`);
    if (!answer.text.includes('not looked at yet') || Date.now() > deadline) return answer;
    await pause(100);
  }
}

/** Uploads a file and waits until it can be sent; its id. */
export async function upload(
  account: Account,
  room: string,
  { name = 'pixel.png', contentType = 'image/png', bytes = PNG } = {},
): Promise<string> {
  const announced = await announce(account, room, { name, size: bytes.length, contentType });
  const status = await sendForm(announced, bytes);
  if (status !== 204) throw new Error(`the storage answered ${status}`);
  bodyOf(await untilLookedAt(account, room, announced.file), 302);
  return announced.file;
}
