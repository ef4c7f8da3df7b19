import { useCallback, useEffect, useRef, useState } from 'react';
import type { Page } from '../../client/index.ts';
import { textOf } from '../ui/text-of.ts';

/** A list that comes in pages. */
export interface Pages<T> {
  readonly items: readonly T[];
  readonly isLoading: boolean;
  readonly error?: string;
  /** Loads the next page; undefined where there is none. */
  readonly loadMore: (() => void) | undefined;
  /** Reads it anew from the start; what is here stays until it has come. */
  readonly reload: () => void;
}

interface State<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
  readonly isLoading: boolean;
  readonly error?: string;
}

/** Waits for this long without another letter before it asks, ms. */
const PAUSE_MS = 200;

/**
 * Reads a list, anew whenever `question` changes: what was asked before is answered to nobody.
 *
 * @param load gives one page, from a cursor on.
 */
export function usePages<T>(question: string, load: (cursor?: string) => Promise<Page<T>>): Pages<T> {
  const [state, setState] = useState<State<T>>({ items: [], isLoading: true });
  const loading = useRef(load);
  loading.current = load;
  const asked = useRef(0);

  const read = useCallback((before: readonly T[], from?: string) => {
    const number = ++asked.current;
    setState((now) => ({ ...now, isLoading: true }));
    loading.current(from).then(
      ({ items, cursor }) => {
        if (number !== asked.current) return;
        setState({ items: [...before, ...items], isLoading: false, ...(cursor !== undefined && { cursor }) });
      },
      (error: unknown) => {
        if (number === asked.current) setState((now) => ({ ...now, isLoading: false, error: textOf(error) }));
      },
    );
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another question is what makes it read again.
  useEffect(() => {
    const timer = setTimeout(() => read([]), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      asked.current++;
    };
  }, [question, read]);

  const { items, cursor, isLoading, error } = state;
  return {
    items,
    isLoading,
    ...(error !== undefined && { error }),
    loadMore: cursor === undefined ? undefined : () => read(items, cursor),
    reload: useCallback(() => read([]), [read]),
  };
}
