import type { Room } from '../../client/index.ts';
import { save } from '../files/save.ts';

/** How far an export is, in numbers of the log. */
export interface ExportProgress {
  readonly done: number;
  readonly of: number;
}

/**
 * Reads a room's whole log, page by page, and lets the browser save it as JSON Lines, an event a line.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function saveLog(
  room: Room,
  onProgress: (progress: ExportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const lines: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await room.exportLog(cursor);
    signal.throwIfAborted();
    lines.push(...page.items.map((event) => `${JSON.stringify(event)}\n`));
    onProgress({ done: page.items.at(-1)?.seq ?? 0, of: page.seq });
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  save(lines, 'application/jsonl', `${room.id}.jsonl`);
}
