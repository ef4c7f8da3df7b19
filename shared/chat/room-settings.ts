/** What a room is called and who may find it, and its end. */
import type { EventBody } from '../data/events.ts';
import { getRoomRecord, toRoom } from '../data/rooms.ts';
import type { RoomKind } from '../protocol/ids.ts';
import type { Changed, Room } from '../protocol/rest.ts';
import { AlreadySo, appendChange, changed } from './already-so.ts';
import type { Author } from './append.ts';
import type { ChatContext } from './context.ts';
import { requireRole } from './ranks.ts';
import { noSuchRoom, refusing } from './refusals.ts';
import type { HeadView } from './room-memory.ts';
import { storedEvent } from './stored-event.ts';

interface Settings {
  readonly name: string;
  readonly topic?: string;
  readonly kind: RoomKind;
  readonly slowModeSeconds: number;
  /** Null: the room has no rule of its own any more. Once it had one each event says so, as whoever applies it may not know. */
  readonly retentionDays?: number | null;
}

/** What is to change; what is left out stays. */
export interface WantedSettings {
  readonly name?: string | undefined;
  /** Empty: none. */
  readonly topic?: string | undefined;
  readonly kind?: 'public' | 'private' | undefined;
  readonly slowModeSeconds?: number | undefined;
  /** Null: none of its own. */
  readonly retentionDays?: number | null | undefined;
}

/**
 * Changes a room's settings. The event carries all of them as they are from then on, so that whoever applies it late, or before an
 * older one, ends at the same.
 *
 * @throws {ParleyError} `not_found`, `forbidden` for who is not an admin, and in direct rooms; `unavailable`.
 */
export function updateRoom(
  ctx: ChatContext,
  { wanted, ...author }: Author & { readonly wanted: WantedSettings },
): Promise<Room> {
  const operation = 'change the room';
  const { room } = author;
  return refusing(operation, async () => {
    await appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'room.updated' },
      async authorise(standing, view) {
        await requireRole(ctx, operation, { standing, view, least: 'admin' });
        const { settings, asOf } = await settingsOf(ctx, view, operation);
        const next = withChanges(settings, wanted);
        if (isSame(settings, next)) throw new AlreadySo(asOf);
        return { body: { type: 'room.updated', ...next } satisfies EventBody };
      },
    });
    const record = await getRoomRecord(ctx.chat, room);
    if (!record) throw noSuchRoom(operation);
    return toRoom(record);
  });
}

/**
 * Deletes a room: its log gets a last event, and from then on it is `not_found` to all. The settler ends the memberships. Who is
 * connected hears the event; the id is never free again.
 *
 * @throws {ParleyError} `not_found`, `forbidden` for who is not an owner, and in direct rooms; `unavailable`.
 */
export function deleteRoom(ctx: ChatContext, author: Author): Promise<Changed> {
  const operation = 'delete the room';
  return refusing(operation, async () => {
    const committed = await appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'room.deleted' },
      async authorise(standing, view) {
        await requireRole(ctx, operation, { standing, view, least: 'owner' });
        return undefined;
      },
    });
    return changed(author.room, committed);
  });
}

/** The settings as of a head, exactly: the room's item, unless a newer event about them is not in it yet. */
async function settingsOf(
  ctx: ChatContext,
  { room, changes }: HeadView,
  operation: string,
): Promise<{ readonly settings: Settings; readonly asOf: number }> {
  const record = await getRoomRecord(ctx.chat, room);
  const newest = changes.findLast(({ type }) => type === 'room.created' || type === 'room.updated')?.seq ?? 0;
  if (record && record.asOf >= newest) {
    const { name, topic, kind, slowModeSeconds, retentionDays, asOf } = record;
    return { settings: { name, kind, slowModeSeconds, ...given({ topic, retentionDays }) }, asOf };
  }
  const { event } = await storedEvent(ctx, room, newest, operation);
  if (event.type !== 'room.created' && event.type !== 'room.updated') throw noSuchRoom(operation);
  const { name = room, topic, kind = 'private', slowModeSeconds = 0 } = event;
  const retentionDays = event.type === 'room.updated' ? event.retentionDays : undefined;
  return {
    settings: { name, kind, slowModeSeconds, ...given({ topic, retentionDays }) },
    asOf: newest,
  };
}

/** Without what is undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function withChanges(settings: Settings, wanted: WantedSettings): Settings {
  return { ...settings, ...given(wanted) };
}

function isSame(a: Settings, b: Settings): boolean {
  return (
    a.name === b.name &&
    a.topic === b.topic &&
    a.kind === b.kind &&
    a.slowModeSeconds === b.slowModeSeconds &&
    (a.retentionDays ?? undefined) === (b.retentionDays ?? undefined)
  );
}
