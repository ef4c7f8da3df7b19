import { memo, type ReactNode } from 'react';
import { dayLabel, fullTime } from '../time/format.ts';
import { useNow } from '../time/use-now.ts';
import { Spinner } from '../ui/button.tsx';
import { MessageRow } from './message-row.tsx';
import type { Row } from './rows.ts';
import css from './timeline.module.css';

interface Props {
  readonly row: Row;
  readonly start: ReactNode;
  readonly isFlashed: boolean;
  readonly isActive: boolean;
}

/** One row of the list. */
export const RowView = memo(function RowView({ row, start, isFlashed, isActive }: Props) {
  switch (row.kind) {
    case 'start':
      return start;
    case 'loading':
      return (
        <div className={css.loading}>
          <Spinner /> Loading earlier messages
        </div>
      );
    case 'day':
      return <Day at={row.at} />;
    case 'new':
      return (
        <h2 className={css.new}>
          New<span className="visually-hidden"> messages</span>
        </h2>
      );
    case 'message':
      return (
        <MessageRow
          item={row.item}
          isFirst={row.isFirst}
          isReply={row.isReply}
          isFlashed={isFlashed}
          isActive={isActive}
        />
      );
  }
});

function Day({ at }: { readonly at: string }) {
  const label = dayLabel(at, useNow());
  return (
    <h2 className={css.day}>
      <time dateTime={at} title={fullTime(at)}>
        {label}
      </time>
    </h2>
  );
}
