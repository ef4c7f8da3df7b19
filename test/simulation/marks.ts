import { pause } from '../helper/endpoint.ts';
import type { DataOf } from '../helper/wire.ts';
import { ask, isTransient } from './ask.ts';
import type { Device } from './device.ts';
import type { Mark } from './history.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

/** Marks of one device at most, and the pause before each, milliseconds. */
const MAX_STEPS = 30;
const PAUSE = { least: 10, most: 150 };
/** How often a mark is one in a thread, and how often it names what is not there yet. */
const THREAD = 0.35;
const BEYOND = { chance: 0.15, seq: 1_000_000 };
/** Times that a mark is sent again where the service asks for it. */
const MAX_RETRIES = 20;
const RETRY_PAUSE = 50;

/**
 * Marks what a device's person has seen as read, one after the other, in any order, while the device is online.
 *
 * @param others ends when nobody says anything any more.
 */
export async function readAlong(
  device: Device,
  { rooms, others }: { readonly rooms: readonly string[]; readonly others: Promise<unknown> },
  recorder: Recorder,
  random: Random,
): Promise<void> {
  const { user, seen } = device.person;
  let isQuiet = false;
  const quiet = () => {
    isQuiet = true;
  };
  others.then(quiet, quiet);
  for (let step = 0; step < MAX_STEPS && !isQuiet; step++) {
    await pause(random.between(PAUSE.least, PAUSE.most));
    const room = random.pick(rooms) ?? '';
    const [upTo, about] = [random.pick(seen.get(room) ?? []), random.pick(seen.get(room) ?? [])];
    const isBeyond = random.chance(BEYOND.chance);
    const isThread = random.chance(THREAD);
    if (!upTo || !about) continue;
    const seq = isBeyond ? BEYOND.seq : upTo.seq;
    const thread = isThread ? { thread: about.thread ?? about.seq } : {};
    await markRead(device, { user, room, seq, ...thread }, recorder);
  }
}

async function markRead(device: Device, what: Mark, recorder: Recorder): Promise<void> {
  for (let round = 0; ; round++) {
    const { client } = device;
    if (!client) return;
    const mark = recorder.number();
    recorder.note({ kind: 'mark asked', mark, what });
    const { user: _, ...fields } = what;
    const reply = await ask(client, { action: 'markRead', ...fields });
    if (!reply) return;
    if (!reply.error) {
      const { seq, unread } = reply.data as DataOf['markRead'];
      recorder.note({ kind: 'marked', mark, seq, unread });
      return;
    }
    recorder.note({ kind: 'mark refused', mark, code: reply.error.code });
    if (!isTransient(reply.error.code) || round === MAX_RETRIES) return;
    await pause(RETRY_PAUSE);
  }
}
