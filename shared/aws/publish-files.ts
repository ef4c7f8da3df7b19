/** Makes a bucket hold exactly a set of files. */
import type { AwsSend } from './client.ts';
import { type Bucket, encodeKey } from './presign.ts';

export interface PublishedFile {
  readonly key: string;
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface FileBucket {
  readonly bucket: Bucket;
  readonly send: AwsSend;
}

const TIMEOUT_MS = 20_000;
/** Calls at the same time: a site has some tens of files. */
const AT_ONCE = 8;

/**
 * Puts all files, and deletes what else the bucket held when it began. Safe to repeat and to break off anywhere: nothing goes before all
 * that is new is there, and the last of the files comes after the others, so that a page which names them finds them.
 *
 * @throws {Error} naming the call and the status where S3 refuses one; {AwsUnreachable} where it does not answer.
 */
export async function publishFiles(at: FileBucket, files: readonly PublishedFile[]): Promise<void> {
  const before = await listKeys(at);
  await eachOf(files.slice(0, -1), (file) => putFile(at, file));
  await eachOf(files.slice(-1), (file) => putFile(at, file));
  const wanted = new Set(files.map(({ key }) => key));
  await removeKeys(
    at,
    before.filter((key) => !wanted.has(key)),
  );
}

/** Deletes every file, as a bucket must be empty to be deleted itself. @throws as `publishFiles` */
export async function removeFiles(at: FileBucket): Promise<void> {
  await removeKeys(at, await listKeys(at));
}

/** Puts one file in the place of what was there. @throws as `publishFiles` */
export async function putFile(
  at: FileBucket,
  { key, bytes, contentType, cacheControl }: PublishedFile,
): Promise<void> {
  const headers = { 'content-type': contentType, 'cache-control': cacheControl };
  await call(at, 'PUT', encodeKey(key), { headers, body: bytes });
}

function removeKeys(at: FileBucket, keys: readonly string[]): Promise<void> {
  return eachOf(keys, async (key) => {
    await call(at, 'DELETE', encodeKey(key));
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, encoded so that no key needs an XML parser. */
async function listKeys(at: FileBucket): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const more = token === undefined ? '' : `&continuation-token=${encodeURIComponent(token)}`;
    const page = await call(at, 'GET', `?list-type=2&encoding-type=url${more}`);
    for (const [, key = ''] of page.matchAll(/<Key>([^<]*)<\/Key>/g))
      keys.push(decodeURIComponent(key.replaceAll('+', ' ')));
    token = /<NextContinuationToken>([^<]*)</.exec(page)?.[1];
  } while (token !== undefined);
  return keys;
}

async function call(
  { bucket, send }: FileBucket,
  method: 'GET' | 'PUT' | 'DELETE',
  what: string,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Buffer } = {},
): Promise<string> {
  const path = `${bucket.path}/${what}`;
  const { status, body } = await send({
    service: 's3',
    origin: bucket.origin,
    method,
    path,
    timeoutMs: TIMEOUT_MS,
    ...more,
  });
  if (status >= 200 && status < 300) return body;
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? 'no reason';
  throw new Error(`unable to publish; ${method} ${what} was answered ${status} ${code}`);
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
