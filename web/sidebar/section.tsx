import { type ReactNode, useId } from 'react';
import css from './sidebar.module.css';

interface Props {
  readonly title: string;
  readonly buttons: ReactNode;
  readonly children: ReactNode;
}

/** A list of the sidebar with its heading, and what adds to it. */
export function Section({ title, buttons, children }: Props) {
  const id = useId();
  return (
    <section className={css.section} aria-labelledby={id}>
      <div className={css.sectionHead}>
        <h2 id={id} className={css.sectionTitle}>
          {title}
        </h2>
        <div className={css.buttons}>{buttons}</div>
      </div>
      {children}
    </section>
  );
}
