import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';
import { Actions, Dialog } from './dialog.tsx';
import { ErrorText } from './state.tsx';
import { textOf } from './text-of.ts';

interface Props {
  readonly title: string;
  /** The word on the button that does it. */
  readonly action: string;
  readonly children: ReactNode;
  /** What is done. What it throws is shown, and the dialog stays. */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something that can't be taken back. */
export function Confirm({ title, action, children, onConfirm, onClose }: Props) {
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const confirm = async () => {
    setState({ busy: true });
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div>{children}</div>
      <ErrorText>{state.error}</ErrorText>
      <Actions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" busy={state.busy} onClick={confirm}>
          {action}
        </Button>
      </Actions>
    </Dialog>
  );
}
