import type { Parley } from '../../client/index.ts';
import { save } from '../files/save.ts';

/** Reads all that is stored about the user, page by page, and lets the browser save it as one file. */
export async function saveExport(parley: Parley): Promise<void> {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await parley.exportMe(cursor);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  save([JSON.stringify(items, undefined, 2)], 'application/json', 'parley-export.json');
}
