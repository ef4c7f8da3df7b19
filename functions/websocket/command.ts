/** What all routes of commands have in common: admit, parse, do, reply. */
import { type Caller, createCommandGate } from '../../shared/chat/command-gate.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import type { Logger } from '../../shared/observability/log.ts';
import {
  type Action,
  COMMANDS,
  type Command,
  type CommandOf,
  isAction,
} from '../../shared/protocol/commands.ts';
import { parse } from '../../shared/protocol/errors.ts';
import type { ReplyData } from '../../shared/protocol/frames.ts';
import { ClientId, type UserId } from '../../shared/protocol/ids.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { chargesOf } from './charges.ts';
import { OPERATIONS, UNKNOWN_OPERATION } from './operations.ts';
import { type Addressee, answer, toRefusal } from './reply.ts';
import type { SocketAnswer, SocketEvent } from './socket-event.ts';
import { parseFrame } from './strict-json.ts';

export type SocketHandler = (event: SocketEvent) => Promise<SocketAnswer>;

/** A command that is being admitted while its handler may read ahead. */
export interface PendingCommand<C> {
  readonly context: ChatContext;
  readonly logger: Logger;
  readonly command: C;
  /** The client's id, or the one that the service picked. */
  readonly id: ClientId;
  /** The gate's answer. Nothing may be written before it; its rejection becomes the reply. */
  readonly admitted: Promise<Caller>;
  /** Who it will be, if this environment has seen the connection before. */
  readonly guess: UserId | undefined;
}

/** A command that was admitted. */
export interface AdmittedCommand<C> extends Omit<PendingCommand<C>, 'admitted' | 'guess'> {
  readonly caller: Caller;
}

/** A route's handler from what its action does, once the command is admitted. */
export function command<A extends Action>(
  action: A,
  run: (command: AdmittedCommand<CommandOf<A>>) => Promise<ReplyData<A>>,
): SocketHandler {
  return pendingCommand(action, async ({ admitted, guess: _, ...rest }) =>
    run({ ...rest, caller: await admitted }),
  );
}

/** As `command`, for an action that reads ahead while the gate is asked. */
export function pendingCommand<A extends Action>(
  action: A,
  run: (command: PendingCommand<CommandOf<A>>) => Promise<ReplyData<A>>,
): SocketHandler {
  const operation = OPERATIONS[action];
  const read = (fields: unknown) => parse(COMMANDS[action], fields, operation) as CommandOf<A>;
  return (event) => respond(event, action, read, run);
}

/**
 * Answers one frame. Whatever is wrong with it, it passes the gate first, so that nothing is free for a flood; and the
 * gate's refusal outranks any other.
 *
 * @param action the route's; undefined where the frame matched none.
 * @param read the command in the frame's fields. Throws where there is none.
 */
export async function respond<C extends Command>(
  event: SocketEvent,
  action: Action | undefined,
  read: (fields: Readonly<Record<string, unknown>>) => C,
  run: (command: PendingCommand<C>) => Promise<unknown>,
): Promise<SocketAnswer> {
  const runtime = getRuntime();
  const { context } = runtime;
  const { connectionId, requestId } = event.requestContext;
  const logger = runtime.logger.with({ requestId, connectionId, action });
  const gate = getGate();
  const { to, id, command, fault } = readCommand(event, action, read, context);
  const guess = gate.guessUser(connectionId);
  const charges = command === undefined ? [] : chargesOf(runtime.settings.limits.spam, command, id);
  const admitted = gate.beginCommand(context, connectionId, charges);
  const done =
    command === undefined ? Promise.reject(fault) : run({ context, logger, command, id, admitted, guess });
  const [admission, outcome] = await Promise.allSettled([admitted, done]);
  const failure = [admission, outcome].find((settled) => settled.status === 'rejected');
  if (failure) {
    const refusal = toRefusal(failure.reason, to.action ? OPERATIONS[to.action] : UNKNOWN_OPERATION, logger);
    logger.debug('refused', { code: refusal.code });
    return answer({ ...to, error: refusal.toWire() });
  }
  return answer({ ...to, data: outcome.status === 'fulfilled' ? outcome.value : undefined });
}

/** What a frame says, as far as it could be read; without a command, what is wrong with it. */
interface ReadFrame<C extends Command> {
  readonly to: Addressee;
  /** The client's id, or the one that the service picked. */
  readonly id: ClientId;
  readonly command?: C;
  readonly fault?: unknown;
}

function readCommand<C extends Command>(
  event: SocketEvent,
  action: Action | undefined,
  read: (fields: Readonly<Record<string, unknown>>) => C,
  context: ChatContext,
): ReadFrame<C> {
  let to: Addressee = action ? { action } : {};
  let id = ClientId.parse(context.newId());
  try {
    const fields = parseFrame(event, action ? OPERATIONS[action] : UNKNOWN_OPERATION, (seen) => {
      const given = readableId(seen.id);
      id = given ?? id;
      // An id that breaks the protocol is refused by the action's schema, and no reply can carry it.
      to = { ...addressee(action, seen.action), ...(given || seen.id === undefined ? { id } : {}) };
    });
    return { to, id, command: read(fields) };
  } catch (fault) {
    return { to, id, fault };
  }
}

function addressee(route: Action | undefined, named: unknown): Addressee {
  const action = route ?? (isAction(named) ? named : undefined);
  return action ? { action } : {};
}

function readableId(value: unknown): ClientId | undefined {
  const parsed = ClientId.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** The gate keeps what it saw of connections for as long as the environment is warm. */
const getGate = once(() => createCommandGate(getRuntime().settings.limits.commands));
