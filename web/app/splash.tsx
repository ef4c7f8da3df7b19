import { Spinner } from '../ui/button.tsx';
import css from './splash.module.css';

/** Before anything is known. */
export function Splash() {
  return (
    <div className={css.splash} role="status">
      <Spinner />
      <span className="visually-hidden">Loading Parley</span>
    </div>
  );
}
