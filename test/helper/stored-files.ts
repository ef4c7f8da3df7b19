/** The storage of files in memory, with the tags and the conditions of S3. */
import { createHash } from 'node:crypto';
import { FIRST_BYTES, type FileStore } from '../../shared/chat/file-store.ts';

export class StoredFiles implements FileStore {
  /** What lies under each key, and whether it is marked as in no message. */
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly isMarked: boolean }>();

  put(key: string, text: string): void {
    this.objects.set(key, { bytes: new TextEncoder().encode(text), isMarked: false });
  }

  textOf(key: string): string | undefined {
    const object = this.objects.get(key);
    return object && new TextDecoder().decode(object.bytes);
  }

  async readStart(key: string) {
    const bytes = this.#bytesOf(key);
    return { bytes: bytes.subarray(0, FIRST_BYTES), etag: tagOf(bytes) };
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

  async drop(key: string): Promise<void> {
    this.objects.delete(key);
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
