import { readStored, store } from '../app/storage.ts';

/** What the browser says to notifications: `unsupported` where it has none, as on some phones. */
export type Permission = NotificationPermission | 'unsupported';

const DISMISSED = 'parley:notifications-dismissed';

export function permission(): Permission {
  return 'Notification' in window ? Notification.permission : 'unsupported';
}

/** Asks. Must come of a press, or browsers refuse it unasked. */
export async function askPermission(): Promise<Permission> {
  return 'Notification' in window ? await Notification.requestPermission() : 'unsupported';
}

export function isDismissed(): boolean {
  return readStored(DISMISSED) === 'true';
}

export function dismiss(): void {
  store(DISMISSED, 'true');
}
