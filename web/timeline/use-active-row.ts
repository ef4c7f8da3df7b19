import { type FocusEvent, useCallback, useMemo, useState } from 'react';
import type { Row } from './rows.ts';

/**
 * The one message that the Tab key reaches: the last one until another had the focus. It stays in the page however far it is scrolled
 * away, so that the focus is not lost.
 */
export function useActiveRow(rows: readonly Row[]) {
  const [chosen, setChosen] = useState<string>();
  const [isFocused, setIsFocused] = useState(false);
  const index = useMemo(
    () => (chosen === undefined ? -1 : rows.findIndex(({ key }) => key === chosen)),
    [rows, chosen],
  );
  const last = rows.at(-1);
  const onFocus = useCallback((event: FocusEvent<HTMLElement>) => {
    const key = event.target.closest<HTMLElement>('[data-key]')?.dataset.key;
    if (key === undefined) return;
    setChosen(key);
    setIsFocused(true);
  }, []);
  return {
    key: index >= 0 ? chosen : last?.kind === 'message' ? last.key : undefined,
    kept: useMemo(() => (isFocused && index >= 0 ? [index] : []), [isFocused, index]),
    onFocus,
  };
}
