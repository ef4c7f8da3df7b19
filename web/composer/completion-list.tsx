import { Avatar } from '../ui/avatar.tsx';
import css from './composer.module.css';
import type { Completion } from './use-completion.ts';

/** What can be chosen while one types; the focus stays in the text. */
export function CompletionList({ id, completion }: { readonly id: string; readonly completion: Completion }) {
  if (!completion.isOpen) return null;
  return (
    <div id={id} role="listbox" aria-label="Suggestions" className={css.options}>
      {completion.options.map((option, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard chooses from the text field.
        <div
          key={option.text}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === completion.index}
          className={css.option}
          // The text keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => completion.choose(option)}
        >
          {option.user === undefined ? (
            <span>{option.emoji}</span>
          ) : (
            <Avatar user={option.user} name={option.label} size="s" />
          )}
          <span>{option.label}</span>
          {option.detail && <span className={css.optionId}>{option.detail}</span>}
        </div>
      ))}
    </div>
  );
}
