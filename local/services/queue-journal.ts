/**
 * What was sent to queues and not deleted, in a file that grows by a line for each: whoever was told that its message was sent finds it
 * again after a restart, also where the engine was killed.
 */
import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises';
import { EngineError } from '../errors.ts';

export interface KeptMessage {
  readonly id: string;
  /** The queue's name: its address differs from start to start. */
  readonly queue: string;
  readonly body: string;
  readonly attributes?: unknown;
  /** When it was sent, milliseconds since the epoch. */
  readonly sentAt: number;
  /** Until when it is held back. */
  readonly visibleAt: number;
}

type Line = { readonly sent: KeptMessage } | { readonly gone: readonly string[] };

/** Lines of messages that are gone, beyond which the file is written anew. */
const SPARE_LINES = 10_000;

export class QueueJournal {
  readonly #file: string;
  readonly #messages: Map<string, KeptMessage>;
  /** Deleted before the line that says that they were sent. */
  readonly #hasty = new Set<string>();
  #handle: FileHandle;
  #spare = 0;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: string, messages: Map<string, KeptMessage>, handle: FileHandle) {
    this.#file = file;
    this.#messages = messages;
    this.#handle = handle;
  }

  /**
   * @param take is given what the file holds, oldest first, and gives what there is of it now: the file holds that from then on.
   * @throws EngineError `database_foreign` for a file that is none of ours
   */
  static async open(
    file: string,
    take: (left: readonly KeptMessage[]) => Promise<readonly KeptMessage[]>,
  ): Promise<QueueJournal> {
    const messages = new Map((await take(await load(file))).map((message) => [message.id, message]));
    return new QueueJournal(file, messages, await rewrite(file, messages.values()));
  }

  /** Resolves when they would be found again. */
  sent(messages: readonly KeptMessage[]): Promise<void> {
    const fresh = messages.filter(({ id }) => !this.#hasty.delete(id));
    for (const message of fresh) this.#messages.set(message.id, message);
    return this.#write(fresh.map((message) => ({ sent: message })));
  }

  gone(ids: readonly string[]): Promise<void> {
    const known = ids.filter((id) => this.#messages.delete(id));
    for (const id of ids) if (!known.includes(id)) this.#hasty.add(id);
    this.#spare += 2 * known.length;
    return this.#write(known.length === 0 ? [] : [{ gone: known }]);
  }

  /** All of a queue. */
  emptied(queue: string): Promise<void> {
    return this.gone([...this.#messages.values()].filter((one) => one.queue === queue).map(({ id }) => id));
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle.close();
  }

  #write(lines: readonly Line[]): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (lines.length > 0) await this.#handle.appendFile(textOf(lines));
      if (this.#spare < SPARE_LINES) return;
      this.#spare = 0;
      await this.#handle.close();
      this.#handle = await rewrite(this.#file, this.#messages.values());
    });
    return this.#last;
  }
}

function textOf(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Whole or not at all. @returns where to go on */
async function rewrite(file: string, messages: Iterable<KeptMessage>): Promise<FileHandle> {
  const lines = [...messages].map((message) => ({ sent: message }));
  await writeFile(`${file}.new`, textOf(lines), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return open(file, 'a', 0o600);
}

async function load(file: string): Promise<KeptMessage[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  const messages = new Map<string, KeptMessage>();
  // An engine that was killed may have left half a line, whose message nobody was told to be sent.
  for (const line of text.split('\n').slice(0, -1)) {
    const entry = parse(line);
    if (!entry) {
      throw new EngineError(
        'database_foreign',
        `unable to read ${file}; it does not hold this engine's queues`,
      );
    }
    if ('sent' in entry) messages.set(entry.sent.id, entry.sent);
    else for (const id of entry.gone) messages.delete(id);
  }
  return [...messages.values()];
}

function parse(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    return 'sent' in value || 'gone' in value ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}
