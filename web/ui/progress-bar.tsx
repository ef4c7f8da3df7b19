import { classes } from './classes.ts';
import css from './progress-bar.module.css';

interface Props {
  /** What is under way. */
  readonly label: string;
  readonly done: number;
  readonly of: number;
  readonly className?: string | undefined;
}

/** How far something is. */
export function ProgressBar({ label, done, of, className }: Props) {
  return <progress className={classes(css.bar, className)} max={of} value={done} aria-label={label} />;
}
