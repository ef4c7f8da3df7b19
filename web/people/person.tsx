import { useName } from './names.ts';

/** Somebody's name. */
export function Name({ user }: { readonly user: string }) {
  return <>{useName(user)}</>;
}
