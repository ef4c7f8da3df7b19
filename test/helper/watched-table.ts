/** A table that tells of its calls before they are made. */
import type { Table } from '../../shared/data/table.ts';

/** For example `update HEAD`, `get ID`, `put E`, `query`. */
export type CallName = string;

/** @param before hears of each call; it may wait, or throw to make it fail. */
export function watchedTable(table: Table, before: (call: CallName) => Promise<void> | void): Table {
  return new Proxy(table, {
    get(target, name: keyof Table) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return async (...args: readonly unknown[]) => {
        await before(`${name} ${kindOf(args[0])}`.trim());
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** What an item is by its sort key up to the first `#`. */
function kindOf(key: unknown): string {
  const sk = typeof key === 'object' && key !== null && 'sk' in key ? String(key.sk) : '';
  return sk.replace(/#.*/, '');
}
