import { useState } from 'react';
import { askPermission, permission } from '../notifications/permission.ts';
import { Button } from '../ui/button.tsx';
import { Part } from './part.tsx';
import css from './profile.module.css';

const WORDS = {
  default: 'This browser doesn’t show notifications of Parley yet.',
  granted:
    'This browser shows notifications of Parley while its page is open. Each room’s details say what of.',
  denied:
    'This browser has been told not to show notifications of Parley. Its settings for this page can change that.',
  unsupported: 'This browser can’t show notifications.',
} as const;

/** Whether the browser tells of what happens. */
export function NotificationSettings() {
  const [state, setState] = useState(permission);
  return (
    <Part title="Notifications">
      <p className={css.soft}>{WORDS[state]}</p>
      {state === 'default' && (
        <div className={css.buttons}>
          <Button icon="bell" onClick={async () => setState(await askPermission())}>
            Turn on notifications
          </Button>
        </div>
      )}
    </Part>
  );
}
