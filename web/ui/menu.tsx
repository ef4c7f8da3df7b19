import { type KeyboardEvent, type ReactNode, type RefObject, useRef, useState } from 'react';
import { IconButton, type IconButtonProps } from './button.tsx';
import { classes } from './classes.ts';
import { Icon } from './icon.tsx';
import type { IconName } from './icon-paths.ts';
import css from './menu.module.css';
import { Popover } from './popover.tsx';

export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly danger?: boolean;
  /** One of several that exclude each other: whether it is the one. */
  readonly checked?: boolean;
  readonly onSelect: () => void;
}

/** Items in groups, which lines part. What may not be done is not there. */
export type MenuGroups = readonly (readonly MenuItem[])[];

interface MenuProps {
  readonly label: string;
  readonly groups: MenuGroups;
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
}

/** A menu as the keyboard knows it: arrows, Home, End, a letter, Escape. */
export function Menu({ label, groups, anchor, onClose }: MenuProps) {
  const shown = groups.filter((group) => group.length > 0);
  return (
    <Popover anchor={anchor} onClose={onClose} role="menu" aria-label={label} onKeyDown={moveFocus}>
      <div className={css.menu}>
        {shown.map((group, index) => (
          <Group key={group[0]?.label} isFirst={index === 0}>
            {group.map((item, place) => (
              <Item key={item.label} item={item} isFirst={index === 0 && place === 0} onClose={onClose} />
            ))}
          </Group>
        ))}
      </div>
    </Popover>
  );
}

function Group({ isFirst, children }: { readonly isFirst: boolean; readonly children: ReactNode }) {
  return (
    <>
      {!isFirst && <hr className={css.line} />}
      {children}
    </>
  );
}

function Item({ item, isFirst, onClose }: { item: MenuItem; isFirst: boolean; onClose: () => void }) {
  const { label, icon, danger, checked, onSelect } = item;
  const select = () => {
    onClose();
    onSelect();
  };
  return (
    <button
      type="button"
      {...(checked === undefined ? { role: 'menuitem' } : { role: 'menuitemradio', 'aria-checked': checked })}
      tabIndex={-1}
      data-autofocus={isFirst || undefined}
      className={classes(css.item, danger && css.danger)}
      onClick={select}
    >
      <Icon name={icon} size={16} />
      {label}
      {checked && (
        <span className={css.check}>
          <Icon name="check" size={16} />
        </span>
      )}
    </button>
  );
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role^=menuitem]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = target(event.key, at, items);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function target(key: string, at: number, items: readonly HTMLElement[]): HTMLElement | undefined {
  switch (key) {
    case 'ArrowDown':
      return items[(at + 1) % items.length];
    case 'ArrowUp':
      return items.at(at <= 0 ? -1 : at - 1);
    case 'Home':
      return items[0];
    case 'End':
      return items.at(-1);
    default:
      return key.length === 1
        ? [...items.slice(at + 1), ...items].find((item) =>
            item.textContent?.toLowerCase().startsWith(key.toLowerCase()),
          )
        : undefined;
  }
}

interface MenuButtonProps extends Omit<IconButtonProps, 'onClick' | 'ref'> {
  readonly groups: MenuGroups;
  /** Told when it opens and closes: what is shown on hover alone has to stay meanwhile. */
  readonly onOpenChange?: (open: boolean) => void;
  /** Where it is made anew elsewhere while its menu is open. */
  readonly initiallyOpen?: boolean;
}

/** A button that opens a menu of the same name. */
export function MenuButton({ groups, onOpenChange, initiallyOpen = false, ...rest }: MenuButtonProps) {
  const [isOpen, setIsOpen] = useState(initiallyOpen);
  const button = useRef<HTMLButtonElement>(null);
  const set = (open: boolean) => {
    setIsOpen(open);
    onOpenChange?.(open);
  };
  return (
    <>
      <IconButton
        {...rest}
        ref={button}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => set(!isOpen)}
      />
      {isOpen && <Menu label={rest.label} groups={groups} anchor={button} onClose={() => set(false)} />}
    </>
  );
}
