/** The storage of files in memory, with the tags and the conditions of S3. */
import { createHash } from 'node:crypto';
import {
  FIRST_BYTES,
  type FileStore,
  type PartStore,
  type StoredPart,
} from '../../shared/chat/file-store.ts';

interface Upload {
  readonly key: string;
  /** The sizes that came, by number. A part is its size and a text. */
  readonly parts: Map<number, StoredPart>;
}

export class StoredFiles implements FileStore, PartStore {
  /** What lies under each key, and whether it is marked as in no message. */
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly isMarked: boolean }>();
  readonly uploads = new Map<string, Upload>();

  put(key: string, text: string): void {
    this.objects.set(key, { bytes: new TextEncoder().encode(text), isMarked: false });
  }

  textOf(key: string): string | undefined {
    const object = this.objects.get(key);
    return object && new TextDecoder().decode(object.bytes);
  }

  async readStart(key: string, count = FIRST_BYTES) {
    const bytes = this.#bytesOf(key);
    return { bytes: bytes.subarray(0, count), etag: tagOf(bytes) };
  }

  async add(key: string, _contentType: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(key, { bytes, isMarked: true });
  }

  async keep(from: string, to: string, etag: string): Promise<boolean> {
    const bytes = this.#bytesOf(from);
    if (tagOf(bytes) !== etag) return false;
    this.objects.set(to, { bytes, isMarked: true });
    return true;
  }

  async unmark(key: string): Promise<void> {
    this.objects.set(key, { bytes: this.#bytesOf(key), isMarked: false });
  }

  drop = async (key: string): Promise<void> => {
    this.objects.delete(key);
  };

  async begin({ key }: { readonly key: string }): Promise<string> {
    const upload = `upload ${this.uploads.size + 1}`;
    this.uploads.set(upload, { key, parts: new Map() });
    return upload;
  }

  partAddress({ key, upload, part, size }: Parameters<PartStore['partAddress']>[0]): string {
    return `${key} ${upload} ${part} ${size}`;
  }

  /** As a client sends a part to its address. */
  sendPart(address: string, etag = address): void {
    const [, upload = '', part, size] = /^\S+ (upload \d+) (\d+) (\d+)$/.exec(address) ?? [];
    this.uploads.get(upload)?.parts.set(Number(part), { part: Number(part), size: Number(size), etag });
  }

  async list(key: string, upload: string): Promise<readonly StoredPart[] | undefined> {
    const found = this.uploads.get(upload);
    return found?.key === key ? [...found.parts.values()].sort((a, b) => a.part - b.part) : undefined;
  }

  async complete(key: string, upload: string, parts: readonly StoredPart[]): Promise<boolean> {
    const found = this.uploads.get(upload);
    if (!found || parts.some(({ part, etag }) => found.parts.get(part)?.etag !== etag)) return false;
    this.uploads.delete(upload);
    this.objects.set(key, { bytes: new TextEncoder().encode('parts'), isMarked: true });
    return true;
  }

  #bytesOf(key: string): Uint8Array {
    const object = this.objects.get(key);
    if (!object) throw new Error(`nothing lies under ${key}`);
    return object.bytes;
  }
}

function tagOf(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
