import { useParley } from '../app/parley-context.ts';
import { Name } from '../people/person.tsx';
import { usePages } from '../rooms/use-pages.ts';
import { Button } from '../ui/button.tsx';
import { ErrorText } from '../ui/state.tsx';
import { attempt } from '../ui/toasts.tsx';
import { Part } from './part.tsx';
import css from './profile.module.css';

/** Whom one has blocked; nothing where nobody is. */
export function Blocks() {
  const parley = useParley();
  const { items, error, reload } = usePages('', () => parley.blocks({ limit: 100 }));
  if (items.length === 0 && !error) return null;
  const unblock = (user: string) =>
    attempt(async () => {
      await parley.unblock(user);
      reload();
    });
  return (
    <Part title="Blocked people">
      <ErrorText>{error}</ErrorText>
      <ul className={css.form}>
        {items.map(({ user }) => (
          <li key={user} className={css.inline}>
            <span>
              <Name user={user} />
            </span>
            <Button onClick={() => unblock(user)}>Unblock</Button>
          </li>
        ))}
      </ul>
    </Part>
  );
}
