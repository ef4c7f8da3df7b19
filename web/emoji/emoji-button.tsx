import { lazy, Suspense, useRef, useState } from 'react';
import { IconButton } from '../ui/button.tsx';
import type { IconName } from '../ui/icon-paths.ts';
import { Popover } from '../ui/popover.tsx';

const EmojiPicker = lazy(async () => ({ default: (await import('./emoji-picker.tsx')).EmojiPicker }));

interface Props {
  readonly icon: IconName;
  readonly label: string;
  readonly onPick: (emoji: string) => void;
  readonly onOpenChange?: (open: boolean) => void;
}

/** A button that opens the emoji picker. */
export function EmojiButton({ icon, label, onPick, onOpenChange }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const set = (open: boolean) => {
    setIsOpen(open);
    onOpenChange?.(open);
  };
  return (
    <>
      <IconButton
        icon={icon}
        label={label}
        ref={button}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => set(!isOpen)}
      />
      {isOpen && (
        <Popover anchor={button} onClose={() => set(false)} role="dialog" aria-label="Emoji">
          <Suspense>
            <EmojiPicker
              onPick={(emoji) => {
                set(false);
                onPick(emoji);
              }}
            />
          </Suspense>
        </Popover>
      )}
    </>
  );
}
