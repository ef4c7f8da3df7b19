/** Files: announced to the service, sent straight to its storage. */
import type { Attachment } from '../shared/protocol/events.ts';
import type { RoomId } from '../shared/protocol/ids.ts';
import type { Room } from './api.ts';
import type { Context } from './context.ts';
import { nonsense, refusal, toParleyError } from './error.ts';
import { type Fields, has, isFields } from './guards.ts';
import { pause } from './platform.ts';

const OPERATION = 'upload the file';
/** Parts that are under way at once. */
const AT_ONCE = 3;
/** Addresses that are asked for at once: they are good for minutes only. */
const ADDRESSES = 20;
/** Times that a part is sent. */
const TRIES = 5;
/** How long a file may be looked at before it can be fetched, milliseconds; then how often it is asked for. */
const LOOKED_AT_WITHIN = 15_000;
const ASK_AGAIN = 400;

/** Sends a file. @returns what a message takes as an attachment. */
export async function upload(
  context: Context,
  room: RoomId,
  file: Blob & { readonly name?: string },
  { name = file.name ?? 'file', onProgress, signal }: NonNullable<Parameters<Room['upload']>[1]>,
): Promise<Attachment> {
  signal?.throwIfAborted();
  const contentType = /^[\w.+-]+\/[\w.+-]+/.exec(file.type)?.[0] ?? 'application/octet-stream';
  const path = `/rooms/${encodeURIComponent(room)}/files`;
  const body = { name, size: file.size, contentType };
  const answer = await context.http.call('POST', path, { body });
  if (!has(answer, { file: 'string' }) || !isFields(answer.upload)) throw nonsense(OPERATION);
  const report = (sent: number): void => onProgress?.({ sent: Math.min(sent, file.size), size: file.size });
  report(0);
  const { multipart } = answer;
  if (has(multipart, { partSize: 'number', parts: 'number' }))
    await sendParts(context, `${path}/${answer.file}`, file, multipart, report, signal);
  else await sendForm(context, answer.upload, file, report, signal);
  report(file.size);
  return { file: answer.file as Attachment['file'], ...body };
}

async function sendForm(
  { platform }: Context,
  { url, fields }: Fields,
  file: Blob,
  report: (sent: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const form = new FormData();
  for (const [name, value] of Object.entries(isFields(fields) ? fields : {}))
    form.append(name, String(value));
  form.append('file', file);
  const { status } = await platform.put({
    method: 'POST',
    url: String(url),
    body: form,
    onProgress: report,
    signal,
  });
  if (status >= 300)
    throw refusal(status >= 500 ? 'unavailable' : 'bad_request', OPERATION, `the storage answered ${status}`);
}

/** Sends what the storage does not have yet, several parts at a time, each again where it failed. */
async function sendParts(
  context: Context,
  path: string,
  file: Blob,
  multipart: Fields,
  report: (sent: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [partSize, parts] = [Number(multipart.partSize), Number(multipart.parts)];
  const there = await context.http.page<Fields>(`${path}/parts`);
  const sent = new Map<number, number>(there.items.map(({ part, size }) => [Number(part), Number(size)]));
  const left = Array.from({ length: parts }, (_, index) => index + 1).filter((part) => !sent.has(part));
  const urls = new Map<number, string>();
  let asking: Promise<void> | undefined;
  const total = (): void => report([...sent.values()].reduce((sum, size) => sum + size, 0));
  const ask = async (first: number): Promise<void> => {
    const wanted = [first, ...left.slice(0, ADDRESSES - 1)];
    const answer = await context.http.call('POST', `${path}/parts`, { body: { parts: wanted } });
    for (const item of Array.isArray(answer.items) ? answer.items : [])
      if (has(item, { part: 'number', url: 'string' })) urls.set(Number(item.part), String(item.url));
  };
  const addressOf = async (part: number): Promise<string> => {
    // What another part asks for may be for this one, too.
    await asking;
    if (!urls.has(part)) {
      asking = ask(part).finally(() => {
        asking = undefined;
      });
      await asking;
    }
    const url = urls.get(part);
    if (url === undefined) throw nonsense(OPERATION);
    return url;
  };
  const sendOnce = async (part: number): Promise<void> => {
    const body = file.slice((part - 1) * partSize, part * partSize);
    const onProgress = (done: number): void => {
      sent.set(part, done);
      total();
    };
    const url = await addressOf(part);
    signal?.throwIfAborted();
    const { status } = await context.platform.put({ method: 'PUT', url, body, onProgress, signal });
    if (status >= 300) throw refusal('unavailable', OPERATION, `the storage answered ${status}`);
    onProgress(body.size);
  };
  const send = async (part: number): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        return await sendOnce(part);
      } catch (error) {
        signal?.throwIfAborted();
        // The address may be too old.
        urls.delete(part);
        sent.delete(part);
        const told = toParleyError(error, OPERATION);
        if (tries === TRIES || !told.isRetryable) {
          // The others stop, too, after what they are at.
          left.length = 0;
          throw told;
        }
        await pause(context.platform, context.platform.random() * 500 * 2 ** tries);
      }
    }
  };
  const work = async (): Promise<void> => {
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      signal?.throwIfAborted();
      await send(part);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await context.http.call('POST', `${path}/complete`, {});
}

/** Where a file can be fetched from, for a minute. */
export async function fileUrl(
  { http, platform }: Context,
  room: RoomId,
  file: string,
  { thumbnail }: { readonly thumbnail?: boolean },
): Promise<string> {
  const path = `/rooms/${encodeURIComponent(room)}/files/${encodeURIComponent(file)}`;
  const giveUpAt = platform.now() + LOOKED_AT_WITHIN;
  const query = { redirect: false, thumbnail: thumbnail ? true : undefined };
  for (;;) {
    try {
      const { url } = await http.call('GET', path, { query });
      if (typeof url !== 'string') throw nonsense('fetch the file');
      return url;
    } catch (error) {
      if (toParleyError(error, 'fetch the file').code !== 'conflict' || platform.now() > giveUpAt)
        throw error;
      await pause(platform, ASK_AGAIN);
    }
  }
}
