/** One bucket on disk: a file for the bytes of each object or part, and a small JSON file that says what it is. */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';

/** Bytes in a file of the bucket's folder, never changed once written. */
export interface Blob {
  readonly name: string;
  readonly size: number;
}

/** What a client says about an object beside its bytes. */
export interface Description {
  /** `content-type` and the like, as they are sent back. */
  readonly headers: Readonly<Record<string, string>>;
  /** `x-amz-meta-…`, without that beginning. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface StoredObject extends Description {
  readonly key: string;
  readonly size: number;
  /** Without its quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** One, or one for each part: parts are never copied together. */
  readonly blobs: readonly Blob[];
  /** `crc32: …` as a client gave it. */
  readonly checksum?: { readonly algorithm: string; readonly value: string };
}

export interface Part {
  readonly number: number;
  readonly etag: string;
  readonly modified: number;
  readonly blob: Blob;
}

export interface Upload extends Description {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  /** By number. */
  readonly parts: Map<number, Part>;
}

const OBJECTS = 'objects';
const UPLOADS = 'uploads';
const BLOBS = 'blobs';

export class BucketStore {
  readonly #folder: string;
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  /** Readers of each blob; what is deleted meanwhile goes with the last of them. */
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();
  #sorted: readonly string[] | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws EngineError `database_foreign` for a file that is not one of ours */
  static async open(folder: string): Promise<BucketStore> {
    const store = new BucketStore(folder);
    for (const name of [OBJECTS, UPLOADS, BLOBS]) await mkdir(path.join(folder, name), { recursive: true });
    for (const object of await store.#readAll<StoredObject>(OBJECTS)) store.#objects.set(object.key, object);
    const found = await store.#readAll<Omit<Upload, 'parts'> & { part?: Part }>(UPLOADS);
    for (const upload of found) {
      if (!upload.part) store.#uploads.set(upload.id, { ...upload, parts: new Map() });
    }
    for (const { id, part } of found) if (part) store.#uploads.get(id)?.parts.set(part.number, part);
    await store.#clear();
    return store;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** Every key, in the order of its UTF-8 bytes, as S3 lists. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return this.#sorted;
  }

  uploads(): readonly Upload[] {
    return [...this.#uploads.values()];
  }

  upload(id: string): Upload | undefined {
    return this.#uploads.get(id);
  }

  /** A name for new bytes; they belong to nothing until something is put. */
  newBlob(): string {
    return randomUUID();
  }

  /** The file of a blob. */
  placeOf(name: string): string {
    return path.join(this.#folder, BLOBS, name);
  }

  /** The same bytes once more, without copying them: blobs never change. */
  async duplicate(blobs: readonly Blob[], target: BucketStore): Promise<Blob[]> {
    return Promise.all(
      blobs.map(async ({ name, size }) => {
        const copy = target.newBlob();
        await link(this.placeOf(name), target.placeOf(copy));
        return { name: copy, size };
      }),
    );
  }

  /**
   * Makes it the object of its key.
   *
   * @param check sees what is there before, after all writes that came earlier; what it throws keeps that as it is
   */
  put(object: StoredObject, check: (before: StoredObject | undefined) => void = () => {}): Promise<void> {
    return this.#inOrder(() => this.#put(object, check));
  }

  /** Says something else about an object, its bytes unchanged; nothing where it is gone. */
  change(key: string, change: (object: StoredObject) => StoredObject): Promise<void> {
    return this.#inOrder(async () => {
      const before = this.#objects.get(key);
      if (!before) return;
      const after = { ...change(before), blobs: before.blobs };
      await this.#write(objectFile(key), after);
      this.#objects.set(key, after);
    });
  }

  /** @returns what was there */
  delete(key: string): Promise<StoredObject | undefined> {
    return this.deleteIf(key, () => true);
  }

  /** @returns what was there, where it was deleted */
  deleteIf(key: string, wanted: (before: StoredObject) => boolean): Promise<StoredObject | undefined> {
    return this.#inOrder(async () => {
      const before = this.#objects.get(key);
      if (!before || !wanted(before)) return undefined;
      await rm(path.join(this.#folder, objectFile(key)), { force: true });
      this.#objects.delete(key);
      this.#sorted = undefined;
      await this.discard(before.blobs);
      return before;
    });
  }

  async begin(upload: Omit<Upload, 'parts'>): Promise<void> {
    await this.#write(uploadFile(upload.id), upload);
    this.#uploads.set(upload.id, { ...upload, parts: new Map() });
  }

  /** @returns false where the upload has ended meanwhile; the part's bytes are gone then */
  putPart({ id, key, initiated }: Upload, part: Part): Promise<boolean> {
    return this.#inOrder(async () => {
      const upload = this.#uploads.get(id);
      if (!upload) {
        await this.discard([part.blob]);
        return false;
      }
      const before = upload.parts.get(part.number);
      await this.#write(uploadFile(id, part.number), { id, key, initiated, part });
      upload.parts.set(part.number, part);
      if (before) await this.discard([before.blob]);
      return true;
    });
  }

  /**
   * Makes an object of an upload's parts, which ends the upload.
   *
   * @param check as of `put`
   * @returns false where the upload has ended, or one of the parts was replaced, meanwhile
   */
  complete(
    { id }: Upload,
    parts: readonly Part[],
    object: StoredObject,
    check: (before: StoredObject | undefined) => void,
  ): Promise<boolean> {
    return this.#inOrder(async () => {
      const upload = this.#uploads.get(id);
      if (!parts.every((part) => upload?.parts.get(part.number) === part)) return false;
      await this.#put(object, check);
      await this.#end(id, parts);
      return true;
    });
  }

  /** Ends an upload without an object; where it had ended already, nothing happens. */
  abort({ id }: Upload): Promise<void> {
    return this.#inOrder(() => this.#end(id, []));
  }

  /** Keeps an object's bytes until the answer is called, whatever is deleted meanwhile. */
  hold({ blobs }: StoredObject): () => Promise<void> {
    for (const { name } of blobs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
    return async () => {
      for (const { name } of blobs) {
        const left = (this.#readers.get(name) ?? 1) - 1;
        if (left > 0) this.#readers.set(name, left);
        else {
          this.#readers.delete(name);
          if (this.#doomed.delete(name)) await rm(this.placeOf(name), { force: true });
        }
      }
    };
  }

  async discard(blobs: readonly Blob[]): Promise<void> {
    for (const { name } of blobs) {
      if (this.#readers.has(name)) this.#doomed.add(name);
      else await rm(this.placeOf(name), { force: true });
    }
  }

  async #put(object: StoredObject, check: (before: StoredObject | undefined) => void): Promise<void> {
    const before = this.#objects.get(object.key);
    check(before);
    await this.#write(objectFile(object.key), object);
    this.#objects.set(object.key, object);
    if (before) await this.discard(before.blobs);
    else this.#sorted = undefined;
  }

  /** Forgets an upload; the bytes of the parts that are not kept are gone. */
  async #end(id: string, kept: readonly Part[]): Promise<void> {
    const upload = this.#uploads.get(id);
    if (!upload) return;
    this.#uploads.delete(id);
    await rm(path.join(this.#folder, uploadFile(id)), { force: true });
    for (const part of upload.parts.values()) {
      await rm(path.join(this.#folder, uploadFile(id, part.number)), { force: true });
      if (!kept.includes(part)) await this.discard([part.blob]);
    }
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Whole or not at all, though the engine is killed. */
  async #write(file: string, value: object): Promise<void> {
    const place = path.join(this.#folder, file);
    await writeFile(`${place}.new`, JSON.stringify(value), { mode: 0o600 });
    await rename(`${place}.new`, place);
  }

  async #readAll<T>(folder: string): Promise<T[]> {
    const names = await readdir(path.join(this.#folder, folder));
    const place = (name: string) => path.join(this.#folder, folder, name);
    const found: T[] = [];
    for (const name of names.filter((one) => one.endsWith('.json'))) {
      try {
        found.push(JSON.parse(await readFile(place(name), 'utf8')));
      } catch {
        throw new EngineError('database_foreign', `unable to read ${place(name)}; it is not of this engine`);
      }
    }
    return found;
  }

  /** What an engine that was killed left half done: an upload that had become an object, bytes that nothing names. */
  async #clear(): Promise<void> {
    const known = new Set([...this.#objects.values()].flatMap(({ blobs }) => blobs.map(({ name }) => name)));
    for (const upload of this.uploads()) {
      const parts = [...upload.parts.values()];
      const kept = parts.filter(({ blob }) => known.has(blob.name));
      if (kept.length > 0) await this.#end(upload.id, kept);
      else for (const { blob } of parts) known.add(blob.name);
    }
    const folder = path.join(this.#folder, BLOBS);
    for (const name of await readdir(folder))
      if (!known.has(name)) await rm(this.placeOf(name), { force: true });
  }
}

/** Keys are longer, and made of more characters, than names of files may be. */
function objectFile(key: string): string {
  return path.join(OBJECTS, `${createHash('sha256').update(key).digest('hex')}.json`);
}

function uploadFile(id: string, part?: number): string {
  return path.join(UPLOADS, part === undefined ? `${id}.json` : `${id}.${part}.json`);
}
