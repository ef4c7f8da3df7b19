/** The address' part after `#`: what is shown. It reaches no server, and so no log. */

/** What can stand beside a room's messages. */
export const PANELS = ['members', 'pins', 'search', 'settings', 'threads'] as const;
export type PanelName = (typeof PANELS)[number];

export interface Route {
  readonly room?: string;
  /** Number of the message to show. */
  readonly at?: number;
  /** Number of the message whose thread stands beside. */
  readonly thread?: number;
  readonly panel?: PanelName;
}

/**
 * @example
 * readRoute('#/general?thread=17'); // { room: 'general', thread: 17 }
 */
export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parameters = new URLSearchParams(query);
  const room = /^[a-z0-9][a-z0-9-]{0,63}$/.test(path) ? path : undefined;
  const at = numberOf(parameters.get('at'));
  const thread = numberOf(parameters.get('thread'));
  const panel = PANELS.find((name) => name === parameters.get('panel'));
  return {
    ...(room !== undefined && { room }),
    ...(at !== undefined && { at }),
    ...(thread !== undefined && { thread }),
    ...(panel !== undefined && { panel }),
  };
}

/** The address of a route, from `#` on. */
export function writeRoute({ room, at, thread, panel }: Route): string {
  const parameters = new URLSearchParams();
  if (at !== undefined) parameters.set('at', String(at));
  if (thread !== undefined) parameters.set('thread', String(thread));
  if (panel !== undefined) parameters.set('panel', panel);
  const query = parameters.size > 0 ? `?${parameters}` : '';
  return `#/${room ?? ''}${query}`;
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,11}$/.test(text) ? Number(text) : undefined;
}
