import { type InputHTMLAttributes, type TextareaHTMLAttributes, useId } from 'react';
import css from './field.module.css';
import { Icon } from './icon.tsx';

interface Labels {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
}

type InputProps = Labels & Omit<InputHTMLAttributes<HTMLInputElement>, 'className' | 'id'>;
type AreaProps = Labels & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'className' | 'id'>;

/** A line to fill in, with its label, a hint, and what is wrong with it. */
export function Field({ label, hint, error, ...rest }: InputProps) {
  const { id, described } = useIds(hint, error);
  return (
    <Labelled id={id} label={label} hint={hint} error={error}>
      <input {...rest} {...described} id={id} className={css.input} />
    </Labelled>
  );
}

/** Several lines to fill in. */
export function TextField({ label, hint, error, ...rest }: AreaProps) {
  const { id, described } = useIds(hint, error);
  return (
    <Labelled id={id} label={label} hint={hint} error={error}>
      <textarea {...rest} {...described} id={id} className={css.input} />
    </Labelled>
  );
}

/** One of a few, from a list. */
export function Choice<T extends string>({
  label,
  hint,
  value,
  options,
  disabled,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly disabled?: boolean;
  readonly onChange: (value: T) => void;
}) {
  const { id, described } = useIds(hint, undefined);
  const choose = (chosen: string) => {
    const option = options.find((candidate) => candidate.value === chosen);
    if (option) onChange(option.value);
  };
  return (
    <Labelled id={id} label={label} hint={hint} error={undefined}>
      <span className={css.choice}>
        <select
          {...described}
          id={id}
          className={css.input}
          value={value}
          disabled={disabled}
          onChange={(event) => choose(event.target.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
        <Icon name="chevronDown" size={16} />
      </span>
    </Labelled>
  );
}

function useIds(hint: string | undefined, error: string | undefined) {
  const id = useId();
  const about = error || hint ? `${id}-about` : undefined;
  return { id, described: { 'aria-describedby': about, 'aria-invalid': error ? true : undefined } };
}

function Labelled({ id, label, hint, error, children }: Labels & { id: string; children: React.ReactNode }) {
  return (
    <div className={css.field}>
      <label className={css.label} htmlFor={id}>
        {label}
      </label>
      {children}
      {(error || hint) && (
        <p id={`${id}-about`} className={error ? css.error : css.hint} role={error ? 'alert' : undefined}>
          {error || hint}
        </p>
      )}
    </div>
  );
}
