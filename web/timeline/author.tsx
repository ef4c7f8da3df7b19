import { PersonButton } from '../people/person-button.tsx';
import css from './message.module.css';
import { useTimeline } from './room-context.ts';

/** Who wrote a message: the way to what can be done about its author. */
export function Author({ user }: { readonly user: string }) {
  const { room } = useTimeline();
  return <PersonButton user={user} room={room} className={css.author} />;
}
