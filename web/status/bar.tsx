import type { ReactNode } from 'react';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icon-paths.ts';
import css from './bar.module.css';

interface BarProps {
  readonly icon: IconName;
  readonly calm?: boolean;
  readonly children: ReactNode;
}

/** A line across the window about what is not as it should be. */
export function Bar({ icon, calm, children }: BarProps) {
  return (
    <div className={classes(css.bar, calm && css.calm)}>
      <Icon name={icon} size={16} />
      {children}
    </div>
  );
}
