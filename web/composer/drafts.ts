import type { Attachment } from '../../client/index.ts';
import { forget, readStored, store } from '../app/storage.ts';

/** What was written and not sent, by user and place: kept in the browser, so that nothing that ends the page ends it. */
export interface Draft {
  readonly text: string;
  /** Files that are in the room's storage already. */
  readonly attachments: readonly Attachment[];
}

const PREFIX = 'parley:draft:';

/** @param place a room's id, or what is below it: `general/thread/17`, `general/edit/17`. */
export function keyOf(user: string, place: string): string {
  return `${PREFIX}${user}:${place}`;
}

export function readDraft(key: string): Draft | undefined {
  const stored = readStored(key);
  if (stored === undefined) return undefined;
  try {
    return draftOf(JSON.parse(stored));
  } catch {
    return undefined;
  }
}

/** Keeps it; an empty one is none. */
export function writeDraft(key: string, draft: Draft): void {
  if (draft.text === '' && draft.attachments.length === 0) forget(key);
  else store(key, JSON.stringify(draft));
}

/** Places of a user's drafts that begin so. */
export function placesOf(user: string, prefix: string): string[] {
  const begin = keyOf(user, '');
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(begin + prefix))
      .map((key) => key.slice(begin.length));
  } catch {
    return [];
  }
}

/** What is stored may be of another version, or of somebody's hand. */
function draftOf(value: unknown): Draft | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { text, attachments } = value as Record<string, unknown>;
  if (typeof text !== 'string') return undefined;
  const files = Array.isArray(attachments) ? attachments.filter(isAttachment) : [];
  return { text, attachments: files };
}

function isAttachment(value: unknown): value is Attachment {
  if (typeof value !== 'object' || value === null) return false;
  const { file, name, size, contentType } = value as Record<string, unknown>;
  return (
    typeof file === 'string' &&
    typeof name === 'string' &&
    typeof size === 'number' &&
    typeof contentType === 'string'
  );
}
