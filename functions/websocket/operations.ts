import type { Action } from '../../shared/protocol/commands.ts';

/** What a refusal says could not be done, by action: `unable to <operation>; <reason>`. */
export const OPERATIONS = {
  sendMessage: 'send',
  editMessage: 'edit',
  deleteMessage: 'delete',
  addReaction: 'react',
  removeReaction: 'take back the reaction',
  pinMessage: 'pin',
  unpinMessage: 'unpin',
  joinRoom: 'join',
  leaveRoom: 'leave',
  typing: 'tell of typing',
  markRead: 'mark as read',
  sync: 'sync',
  history: 'read history',
  presence: 'tell who is present',
  authenticate: 'authenticate',
  ping: 'answer the ping',
} as const satisfies Record<Action, string>;

/** Where no action could be read. */
export const UNKNOWN_OPERATION = 'read the command';
