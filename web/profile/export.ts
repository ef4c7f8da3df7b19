import type { Parley } from '../../client/index.ts';

/** Reads all that is stored about the user, page by page, and lets the browser save it as one file. */
export async function saveExport(parley: Parley): Promise<void> {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await parley.exportMe(cursor);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  const file = new Blob([JSON.stringify(items, undefined, 2)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = 'parley-export.json';
  link.click();
  URL.revokeObjectURL(link.href);
}
