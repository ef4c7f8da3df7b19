import type { ButtonHTMLAttributes, Ref } from 'react';
import css from './button.module.css';
import { classes } from './classes.ts';
import { Icon } from './icon.tsx';
import type { IconName } from './icon-paths.ts';

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className'>;

export interface ButtonProps extends Native {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly wide?: boolean;
  readonly icon?: IconName;
  /** What it started is under way: it turns, and can't be pressed again. */
  readonly busy?: boolean | undefined;
}

/** A button with words on it. */
export function Button({ look = 'plain', wide, icon, busy, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classes(css.button, css[look], wide && css.wide)}
      disabled={disabled || busy}
    >
      {busy ? <Spinner /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Native {
  readonly icon: IconName;
  /** What it does: read aloud, and shown while the pointer rests on it. */
  readonly label: string;
  readonly small?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

/** A button that is an icon alone. */
export function IconButton({ icon, label, small, children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={classes(css.icon, small && css.small)}
    >
      <Icon name={icon} size={small ? 16 : 18} />
      {children}
    </button>
  );
}

/** Something is under way. */
export function Spinner() {
  return (
    <span className={css.spinner}>
      <Icon name="loaderCircle" />
    </span>
  );
}
