/**
 * What comes from the service is looked at before it is used. By hand and not by the protocol's schemas: those would be most of what a
 * browser loads (docs/decisions/0031), and they refuse what a newer service adds, which a client shall pass on.
 */
import type { WireError } from '../shared/protocol/errors.ts';
import type { Message, RoomEvent } from '../shared/protocol/events.ts';
import type { UnknownEvent } from './types.ts';

export type Fields = Readonly<Record<string, unknown>>;
export type LogEvent = RoomEvent | UnknownEvent;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a field of that name holds a value of each given type. */
export function has(value: unknown, types: Readonly<Record<string, string>>): value is Fields {
  return isFields(value) && Object.entries(types).every(([name, type]) => typeof value[name] === type);
}

/** A JSON object; undefined where the text is something else. */
export function parseFields(text: unknown): Fields | undefined {
  try {
    const value: unknown = JSON.parse(String(text));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A number of the log. */
export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What anything numbered is: enough to keep its place in the log. */
export function isLogEvent(value: unknown): value is LogEvent {
  return has(value, { seq: 'number', type: 'string' }) && isSeq(value.seq) && value.seq > 0;
}

/** The fields without which an event of a known type can't be applied. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'message.created': { text: 'string', n: 'number' },
  'message.edited': { target: 'number', text: 'string' },
  'message.deleted': { target: 'number' },
  'reaction.added': { target: 'number', emoji: 'string' },
  'reaction.removed': { target: 'number', emoji: 'string' },
  'message.pinned': { target: 'number' },
  'message.unpinned': { target: 'number' },
  'member.joined': { member: 'string' },
  'member.left': { member: 'string' },
  'member.removed': { member: 'string' },
  'member.unbanned': { member: 'string' },
  'member.updated': { member: 'string' },
  'room.created': {},
  'room.updated': {},
  'room.deleted': {},
};

/** Whether an event is of a type that this version knows, and whole. Others are passed on and change nothing here. */
export function isKnown(event: LogEvent): event is RoomEvent {
  const needed = Object.hasOwn(NEEDED, event.type) ? NEEDED[event.type] : undefined;
  return needed !== undefined && has(event, { user: 'string', at: 'string', ...needed });
}

export function isMessage(value: unknown): value is Message {
  return (
    has(value, { seq: 'number', user: 'string', at: 'string', n: 'number' }) &&
    isSeq(value.seq) &&
    isFields(value.reactions)
  );
}

export function isWireError(value: unknown): value is WireError {
  return has(value, { code: 'string', message: 'string' });
}

/** The events of a frame or an answer, ascending; undefined where it holds anything else. */
export function eventsOf(value: unknown): LogEvent[] | undefined {
  return Array.isArray(value) && value.every(isLogEvent) ? value : undefined;
}
