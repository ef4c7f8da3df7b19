import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { ENV } from '../shared/environment.ts';

/** How much one caller, one address and one room may take. 0 switches a limit off, but for the commands of a connection. */
export interface Limits {
  /** Connections of one user at once; the oldest is closed for one more. */
  readonly connectionsPerUser: number;
  /** Commands of one connection: on average, and at once after a pause. */
  readonly commandsPerMinute: number;
  readonly commandBurst: number;
  /** HTTP calls of one user. */
  readonly httpCallsPerMinute: number;
  readonly httpCallBurst: number;
  /** Registrations, logins and refreshes from one address. Off unless set: behind one address there may be a whole office. */
  readonly addressCallsPerMinute: number;
  readonly addressCallBurst: number;
  /** What counts as spam within a minute, over one connection, or over HTTP by one user. */
  readonly sameTextPerMinute: number;
  readonly linksPerMinute: number;
  readonly joinsPerMinute: number;
  /** Messages and joins that one room takes within a second, all members together. */
  readonly messagesPerSecondPerRoom: number;
}

/** Takes a whole number out of the context. */
interface Context {
  whole(key: string, least: number, most: number, otherwise: number): number;
}

/**
 * Each counted text, link or join is a mark in the caller's item (shared/chat/charge.ts): a thousand of them take 10 KB, which each
 * command would write again.
 */
const MOST_COUNTED = 1_000;

/**
 * A room's head is one item, which takes 1,000 write units a second, and a commit takes one for each KiB of it; the settler and
 * what is refused need some, too.
 */
const MESSAGES_PER_SECOND_PER_ROOM = 500;
const MOST_WRITES_PER_SECOND = 1_000;

/** The limits: those that are not set follow the commands', so that raising these raises all. */
export function readLimits(context: Context): Limits {
  const commandsPerMinute = context.whole('commandsPerMinute', 1, 1_000_000, 100);
  const commandBurst = context.whole('commandBurst', 1, 1_000_000, 30);
  /** A limit that the commands' own already comes near; none where that is more than can be counted. */
  const counted = (wanted: number, most: number) => (wanted > most ? 0 : wanted);
  const perSecond = Math.max(MESSAGES_PER_SECOND_PER_ROOM, Math.ceil(commandsPerMinute / 60));
  return {
    connectionsPerUser: context.whole('connectionsPerUser', 0, 1_000, 20),
    commandsPerMinute,
    commandBurst,
    httpCallsPerMinute: context.whole('httpCallsPerMinute', 0, 1_000_000, commandsPerMinute),
    httpCallBurst: context.whole('httpCallBurst', 1, 1_000_000, commandBurst),
    addressCallsPerMinute: context.whole('addressCallsPerMinute', 0, 1_000_000, 0),
    addressCallBurst: context.whole('addressCallBurst', 1, 1_000_000, commandBurst),
    sameTextPerMinute: context.whole(
      'sameTextPerMinute',
      0,
      MOST_COUNTED,
      counted(commandBurst, MOST_COUNTED),
    ),
    linksPerMinute: context.whole('linksPerMinute', 0, MOST_COUNTED, counted(commandBurst, MOST_COUNTED)),
    joinsPerMinute: context.whole('joinsPerMinute', 0, MOST_COUNTED, counted(2 * commandBurst, MOST_COUNTED)),
    messagesPerSecondPerRoom: context.whole(
      'messagesPerSecondPerRoom',
      0,
      MOST_WRITES_PER_SECOND,
      counted(perSecond, MOST_WRITES_PER_SECOND),
    ),
  };
}

/** Tells the handler of a command what a connection may do. */
export function limitCommands(handler: lambda.Function, limits: Limits): void {
  handler.addEnvironment(ENV.commandsPerMinute, String(limits.commandsPerMinute));
  handler.addEnvironment(ENV.commandBurst, String(limits.commandBurst));
  limitMessages(handler, limits);
}

/** Tells the handler of HTTP calls what a user and an address may do. */
export function limitCalls(handler: lambda.Function, limits: Limits): void {
  handler.addEnvironment(ENV.httpCallsPerMinute, String(limits.httpCallsPerMinute));
  handler.addEnvironment(ENV.httpCallBurst, String(limits.httpCallBurst));
  handler.addEnvironment(ENV.addressCallsPerMinute, String(limits.addressCallsPerMinute));
  handler.addEnvironment(ENV.addressCallBurst, String(limits.addressCallBurst));
  limitMessages(handler, limits);
}

function limitMessages(handler: lambda.Function, limits: Limits): void {
  handler.addEnvironment(ENV.sameTextPerMinute, String(limits.sameTextPerMinute));
  handler.addEnvironment(ENV.linksPerMinute, String(limits.linksPerMinute));
  handler.addEnvironment(ENV.joinsPerMinute, String(limits.joinsPerMinute));
  handler.addEnvironment(ENV.messagesPerSecondPerRoom, String(limits.messagesPerSecondPerRoom));
}
