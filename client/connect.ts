import type { Parley } from './api.ts';
import { defaultPlatform } from './browser.ts';
import type { ConnectOptions } from './options.ts';
import { Client } from './parley.ts';

/**
 * A client of the service at `url`. It connects as soon as somebody is logged in: at once, where the last visit left a session.
 *
 * @example
 * const parley = connect({ url: 'http://localhost:3000' });
 * await parley.login({ username: 'alice', password: 'parley-demo' });
 * parley.room('general').send('hello');
 */
export function connect(options: ConnectOptions): Parley {
  return new Client(options, { ...defaultPlatform(), ...options.platform });
}
