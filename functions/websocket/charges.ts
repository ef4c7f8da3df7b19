/** What a command counts for, beside being one. */
import type { Charge } from '../../shared/chat/charge.ts';
import { chargesOfJoin, chargesOfMessage, type SpamLimits } from '../../shared/chat/spam.ts';
import type { Command } from '../../shared/protocol/commands.ts';
import type { ClientId } from '../../shared/protocol/ids.ts';
import { OPERATIONS } from './operations.ts';

/** @param id the client's, or the one that the service picked. */
export function chargesOf(limits: SpamLimits, command: Command, id: ClientId): Charge[] {
  const { action } = command;
  switch (action) {
    case 'sendMessage':
    case 'editMessage':
      return chargesOfMessage(limits, { ...command, id }, OPERATIONS[action]);
    case 'joinRoom':
      return chargesOfJoin(limits, { ...command, id }, OPERATIONS[action]);
    default:
      return [];
  }
}
