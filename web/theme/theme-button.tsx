import { useState } from 'react';
import { MenuButton } from '../ui/menu.tsx';
import { currentTheme, setTheme, THEMES, type Theme } from './theme.ts';

const LOOKS = {
  system: { label: 'As the system', icon: 'monitor' },
  light: { label: 'Light', icon: 'sun' },
  dark: { label: 'Dark', icon: 'moon' },
} as const;

/** Chooses between light and dark. */
export function ThemeButton() {
  const [theme, setShown] = useState(currentTheme);
  const choose = (chosen: Theme) => {
    setTheme(chosen);
    setShown(chosen);
  };
  const items = THEMES.map((each) => ({
    ...LOOKS[each],
    checked: each === theme,
    onSelect: () => choose(each),
  }));
  return <MenuButton icon={LOOKS[theme].icon} label="Theme" groups={[items]} />;
}
