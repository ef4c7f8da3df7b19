import { useEffect, useRef, useState } from 'react';
import type { Room } from '../../client/index.ts';
import { Button } from '../ui/button.tsx';
import { ProgressBar } from '../ui/progress-bar.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import { say } from '../ui/toasts.tsx';
import { type ExportProgress, saveLog } from './export.ts';
import css from './panel.module.css';

interface State {
  readonly progress?: ExportProgress;
  readonly error?: string;
}

/** Takes all that was said in a room along, as a file: for its admins, and both in a direct room. */
export function ExportRoom({ room, name }: { readonly room: Room; readonly name: string }) {
  const [{ progress, error }, setState] = useState<State>({});
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const start = async () => {
    const stop = new AbortController();
    const { signal } = stop;
    abort.current = stop;
    setState({ progress: { done: 0, of: 1 } });
    try {
      await saveLog(room, (now) => setState({ progress: now }), signal);
      say('Saved.');
      setState({});
    } catch (failure) {
      setState(signal.aborted ? {} : { error: textOf(failure) });
    }
  };
  return (
    <section className={css.section} aria-label="Export">
      <h3 className={css.sectionTitle}>Export</h3>
      <p className={css.soft}>Everything that happened here, as a file of JSON Lines.</p>
      <ErrorText>{error}</ErrorText>
      {progress && <ProgressBar label={`Exporting ${name}`} {...progress} />}
      <div className={css.buttons}>
        <Button icon="download" busy={progress !== undefined} onClick={start}>
          Export messages
        </Button>
        {progress && <Button onClick={() => abort.current?.abort()}>Cancel</Button>}
      </div>
    </section>
  );
}
