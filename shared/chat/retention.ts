/**
 * How long messages are kept: the stack may say, and a room. What is said about messages expires; what is said about members and the
 * room stays, as its standing rests on it. docs/data-model.md, "Retention".
 */
import type { Committed, EventBody } from '../data/events.ts';
import type { Head } from '../data/heads.ts';
import type { RoomEvent } from '../protocol/events.ts';
import type { ChatContext } from './context.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** Whether such an event is kept for the room's retention only. */
export function expires(type: EventBody['type']): boolean {
  return type.startsWith('message.') || type.startsWith('reaction.');
}

/** Days that a room's messages are kept, the shorter of the stack's and the room's; undefined: for ever. */
export function retentionOf(
  { retentionDays }: Pick<ChatContext, 'retentionDays'>,
  { retention }: Pick<Head, 'retention'>,
): number | undefined {
  const rules = [retentionDays, retention].filter((days) => typeof days === 'number' && days > 0);
  return rules.length === 0 ? undefined : Math.min(...(rules as number[]));
}

/** Until when an event is kept, epoch seconds. @param at its time, epoch milliseconds. */
export function keptUntil(at: number, days: number): number {
  return Math.ceil(at / 1_000 + days * DAY_SECONDS);
}

/** Whether an event's time is over: to every reader it is not there, though its item may be for some days more. */
export function isOver(ctx: Pick<ChatContext, 'now'>, { expiresAt }: Pick<Committed, 'expiresAt'>): boolean {
  return expiresAt !== undefined && expiresAt * 1_000 <= ctx.now();
}

/** An event as it is shown: an edit of a message whose time is over has lost its text with it. */
export function shown(
  ctx: Pick<ChatContext, 'now'>,
  { event, textUntil }: Pick<Committed, 'event' | 'textUntil'>,
): RoomEvent {
  if (event.type !== 'message.edited' || !isOver(ctx, { expiresAt: textUntil })) return event;
  return { ...event, text: '', deleted: true };
}
