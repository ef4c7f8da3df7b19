import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { ErrorText, Skeleton } from '../ui/state.tsx';
import css from './rooms.module.css';
import type { Pages } from './use-pages.ts';

interface Props<T> {
  readonly label: string;
  readonly pages: Pages<T>;
  /** What is said where there is nothing. */
  readonly none: ReactNode;
  readonly children: (item: T) => ReactNode;
}

/** A list that comes in pages: each item, what is on its way, what went wrong, and the button for more. */
export function PageList<T>({ label, pages, none, children }: Props<T>) {
  const { items, isLoading, error, loadMore } = pages;
  return (
    <>
      <ErrorText>{error}</ErrorText>
      {items.length > 0 ? (
        <ul className={css.list} aria-label={label}>
          {items.map(children)}
        </ul>
      ) : isLoading ? (
        <Skeleton label="Loading" lines={3} />
      ) : (
        !error && <div className={css.none}>{none}</div>
      )}
      {loadMore && items.length > 0 && (
        <div className={css.more}>
          <Button busy={isLoading} onClick={loadMore}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
