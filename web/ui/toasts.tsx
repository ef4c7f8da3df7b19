import { useSyncExternalStore } from 'react';
import { Icon } from './icon.tsx';
import { textOf } from './text-of.ts';
import css from './toasts.module.css';

interface Toast {
  readonly key: number;
  readonly text: string;
  readonly isError: boolean;
}

/** Long enough to read two lines, ms; errors stay twice as long. */
const SHOWN_MS = 4_000;

let shown: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

/** Says that something was done. */
export function say(text: string): void {
  show(text, false);
}

/** Says that something could not be done, and why. */
export function sayError(error: unknown): void {
  show(textOf(error), true);
}

/** Does it, and says so where it fails. */
export async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    sayError(error);
  }
}

function show(text: string, isError: boolean): void {
  const toast = { key: ++last, text, isError };
  set([...shown.filter((other) => other.text !== text), toast].slice(-3));
  setTimeout(() => set(shown.filter((other) => other !== toast)), isError ? 2 * SHOWN_MS : SHOWN_MS);
}

function set(toasts: readonly Toast[]): void {
  shown = toasts;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Where what was said appears for a while; read aloud as well. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return (
    <div className={css.toasts} role="status" aria-live="polite">
      {toasts.map(({ key, text, isError }) => (
        <p key={key} className={css.toast}>
          {isError && <Icon name="circleAlert" size={16} />}
          {text}
        </p>
      ))}
    </div>
  );
}
