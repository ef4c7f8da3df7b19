import { Component, type ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/state.tsx';

/** Where a part of the page fails: says so, in place of an empty window, and what was written is still kept. */
export class Broken extends Component<{ readonly children: ReactNode }, { readonly error?: unknown }> {
  override state: { readonly error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return (
      <div role="alert">
        <Empty icon="circleAlert" title="This page broke">
          <p>That is a fault of Parley’s. What you wrote is kept; loading the page again usually helps.</p>
          <p>
            <Button look="primary" onClick={() => location.reload()}>
              Load again
            </Button>
          </p>
        </Empty>
      </div>
    );
  }
}
