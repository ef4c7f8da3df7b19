import { isAction } from '../../shared/protocol/commands.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { respond, type SocketHandler } from './command.ts';
import { OPERATIONS, UNKNOWN_OPERATION } from './operations.ts';

/** Every frame that matches no other route: not JSON, no action, an unknown one, or one that this version does not serve. */
export const handler: SocketHandler = (event) =>
  respond(event, undefined, refuse, async ({ command }) => command);

function refuse({ action }: Readonly<Record<string, unknown>>): never {
  if (isAction(action)) {
    throw new ParleyError('bad_request', OPERATIONS[action], 'this version does not serve the action');
  }
  const reason = action === undefined ? 'it names no action' : 'its action is not known';
  throw new ParleyError('bad_request', UNKNOWN_OPERATION, reason);
}
