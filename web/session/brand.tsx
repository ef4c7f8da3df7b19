import css from './sign-in.module.css';

/** The app's sign and name. */
export function Brand() {
  return (
    <span className={css.brand}>
      <img src="/icon.svg" alt="" width={28} height={28} />
      Parley
    </span>
  );
}
