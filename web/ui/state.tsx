import type { ReactNode } from 'react';
import { Icon } from './icon.tsx';
import type { IconName } from './icon-paths.ts';
import css from './state.module.css';

/** What went wrong, read aloud when it appears; nothing where nothing did. */
export function ErrorText({ children }: { readonly children: ReactNode }) {
  if (!children) return null;
  return (
    <p className={css.error} role="alert">
      {children}
    </p>
  );
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}

/** Why there is nothing here, and what would change that. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className={css.empty}>
      <span className={css.emptyIcon}>
        <Icon name={icon} size={26} />
      </span>
      <p className={css.emptyTitle}>{title}</p>
      {children && <div className={css.emptyText}>{children}</div>}
    </div>
  );
}

/** The shape of what is about to come. */
export function Skeleton({ label, lines = 5 }: { readonly label: string; readonly lines?: number }) {
  return (
    <div className={css.skeleton} role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike.
        <div key={index} className={css.line} aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
