/** Tells those who share a room with a user that it came online or went offline: at most one post per connection and change. */
import {
  type Look,
  lookAtPresence,
  noteStay,
  noteTold,
  type PresenceStep,
  type Stay,
  TELLING_MS,
} from '../chat/presence-state.ts';
import { listMemberships } from '../data/memberships.ts';
import type { OnlineIn } from '../data/online.ts';
import { getUserPresence, type Presence } from '../data/presence.ts';
import type { PresenceFrame } from '../protocol/frames.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { DeliveryEnvironment } from './deliver-shard.ts';
import { postToAll } from './post-to-all.ts';
import { createPayload, type Payload } from './poster.ts';
import { type AudienceTools, findObservers, noteInRooms, type Observer } from './presence-audience.ts';
import type { UserNews } from './presence-records.ts';

export interface PresenceEnvironment extends DeliveryEnvironment, AudienceTools {
  /** How long the last connection must be gone until its user is offline. */
  readonly graceMs: number;
}

/** Shared rooms that one frame names: with ids of 64 characters it stays under 32 KiB, the unit that API Gateway meters. */
const ROOMS_IN_FRAME = 400;

/** What the stream says of a user: connections that came or went, and rooms that were joined with one open. */
export async function followUser(environment: PresenceEnvironment, news: UserNews): Promise<void> {
  const { user, gone, moved, joined } = news;
  if (moved) await lookAndTell(environment, { user, gone, news: true });
  const memberships = [...joined].map(([room, since]) => ({ room, user, since }));
  await introduce(environment, user, memberships);
}

/** Looks at a user, and does what is to be done. */
export async function lookAndTell(
  environment: PresenceEnvironment,
  look: Omit<Look, 'graceMs'>,
): Promise<void> {
  const { context, sendLater, graceMs } = environment;
  const { user } = look;
  const step = await lookAtPresence(context, { ...look, graceMs });
  switch (step.kind) {
    case 'settled':
      return;
    case 'wait':
      return sendLater({ kind: 'look', user }, step.afterMs);
    case 'stayed':
      return stay(environment, step);
    case 'tell':
      return tell(environment, step);
  }
}

async function tell(
  environment: PresenceEnvironment,
  { presence, overtakes }: Extract<PresenceStep, { kind: 'tell' }>,
): Promise<void> {
  const { context, sendLater } = environment;
  const { user } = presence;
  const memberships = await listMemberships(context.chat, user);
  const observers = await findObservers(environment, memberships, presence);
  const done = await postAll(environment, observers, presence);
  // Whoever told the version before may do so after this: when it has ended for certain, everyone is told once more.
  if (overtakes) await sendLater({ kind: 'look', user, retell: true }, TELLING_MS);
  if (!done) return sendLater({ kind: 'look', user }, TELLING_MS);
  // And where a newer one came meanwhile, this may have been the one that was late.
  if (await noteTold(context, presence)) return;
  await sendLater({ kind: 'look', user, retell: true }, TELLING_MS);
}

/** Tells rooms that a user who is online has joined: their members learned of the join, not of this. */
async function introduce(
  environment: PresenceEnvironment,
  user: UserId,
  joined: readonly OnlineIn[],
): Promise<void> {
  if (joined.length === 0) return;
  const { context, sendLater } = environment;
  const { presence } = await getUserPresence(context.connections, user);
  // Offline for a moment: this may be a repeat, whose first try said otherwise.
  const recent = presence !== undefined && presence.at + 2 * TELLING_MS > context.now();
  if (!presence?.online && !recent) return;
  await postAll(environment, await findObservers(environment, joined, presence), presence);
  const after = await getUserPresence(context.connections, user);
  if (after.presence?.version === presence.version) return;
  await sendLater({ kind: 'look', user, retell: true }, TELLING_MS);
}

/**
 * A join has the time of who committed it: by so much it may seem later than the connection that was opened after it. That it would
 * seem earlier than what was told before is no matter: a connection opened, stayed and closed in between. Ms.
 */
const CLOCKS_DIFFER_MS = 5_000;

/** Prolongs what is believed of who is online, and tells rooms that were joined while no connection was there to hear of it. */
async function stay(environment: PresenceEnvironment, stayed: Stay): Promise<void> {
  const { presence, until, unheard } = stayed;
  const { context } = environment;
  const memberships = await listMemberships(context.chat, presence.user);
  if (until !== undefined) await noteInRooms(environment, memberships, { ...presence, until });
  if (unheard) {
    const joined = memberships.filter(({ joinedAt }) => {
      const at = Date.parse(joinedAt);
      return at > unheard.from && at < unheard.to + CLOCKS_DIFFER_MS;
    });
    await introduce(environment, presence.user, joined);
  }
  await noteStay(context, stayed);
}

function postAll(
  environment: PresenceEnvironment,
  observers: readonly Observer[],
  presence: Presence,
): Promise<boolean> {
  const made = new Map<string, readonly Payload[]>();
  return postToAll(
    environment,
    observers.map(({ subscription, rooms }) => {
      const key = rooms.join();
      const frames = made.get(key) ?? framesOf(rooms, presence);
      made.set(key, frames);
      return { subscription, frames };
    }),
  );
}

function framesOf(rooms: readonly RoomId[], { user, online }: Presence): Payload[] {
  const frames: Payload[] = [];
  for (let from = 0; from < rooms.length; from += ROOMS_IN_FRAME) {
    const named = rooms.slice(from, from + ROOMS_IN_FRAME);
    const [room] = named;
    if (room === undefined) break;
    const frame = {
      type: 'presence',
      room,
      user,
      online,
      ...(named.length > 1 ? { rooms: named } : {}),
    } satisfies PresenceFrame;
    frames.push(createPayload(JSON.stringify(frame)));
  }
  return frames;
}
