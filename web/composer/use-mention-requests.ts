import { type RefObject, useEffect } from 'react';
import type { ComposerHandle } from './composer.tsx';

/** Writes a mention where somebody chose to mention a person elsewhere on the page. */
export function useMentionRequests(room: string, composer: RefObject<ComposerHandle | null>): void {
  useEffect(() => {
    const write = (event: Event) => {
      const { detail } = event as CustomEvent<{ readonly room: string; readonly user: string }>;
      if (detail.room === room) composer.current?.write(`@${detail.user} `);
    };
    window.addEventListener('parley:mention', write);
    return () => window.removeEventListener('parley:mention', write);
  }, [room, composer]);
}
