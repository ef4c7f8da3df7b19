import { readStored, store } from '../app/storage.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'parley:theme';

/** What was chosen; without a choice the system decides. */
export function currentTheme(): Theme {
  return THEMES.find((theme) => theme === readStored(KEY)) ?? 'system';
}

/** Chooses, for this browser and from now on. */
export function setTheme(theme: Theme): void {
  store(KEY, theme);
  applyTheme();
}

/** Makes the page look as chosen. */
export function applyTheme(): void {
  const theme = currentTheme();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
