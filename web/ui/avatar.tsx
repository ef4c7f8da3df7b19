import css from './avatar.module.css';
import { classes } from './classes.ts';
import { hueOf, initialsOf } from './hue.ts';

interface Props {
  readonly user: string;
  readonly name?: string | undefined;
  readonly size?: 'xs' | 's' | 'm' | 'l';
  /** Shows a dot where it is known. */
  readonly online?: boolean | undefined;
}

/** Someone's initials on their colour. It says nothing: the name stands beside it. */
export function Avatar({ user, name = user, size = 'm', online }: Props) {
  return (
    <span className={classes(css.avatar, css[size])} aria-hidden="true">
      <span className={classes(css.face, css[`hue${hueOf(user)}`])} data-initials={initialsOf(name)} />
      {online !== undefined && <span className={classes(css.dot, online && css.online)} />}
    </span>
  );
}
