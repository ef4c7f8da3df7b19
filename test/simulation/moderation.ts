import { patience, pause } from '../helper/endpoint.ts';
import type { Device } from './device.ts';
import type { Person } from './person.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

/** What the owner of the rooms does to others meanwhile, and how often. */
const MODERATION = { inviteMember: 4, removeMember: 2, muteMember: 1, banMember: 2, unbanMember: 2 } as const;
const MODERATION_STEPS = { least: 5, most: 15 };

/** Who is banned from where, as far as the one who bans knows. */
type Bans = Map<string, { readonly person: Person; readonly room: string }>;

/** What the owner of the rooms does to people, in them or not, one after the other. */
export async function moderate(
  keeper: Person,
  { devices, rooms }: { readonly devices: readonly Device[]; readonly rooms: readonly string[] },
  recorder: Recorder,
  random: Random,
): Promise<void> {
  const people = [...new Set(devices.map(({ person }) => person))];
  const bans: Bans = new Map();
  const steps = random.between(MODERATION_STEPS.least, MODERATION_STEPS.most);
  for (let step = 0; step < steps; step++) {
    const action = random.weighted(MODERATION);
    const banned = action === 'unbanMember' ? random.pick([...bans.values()]) : undefined;
    const [person, room] = [banned?.person ?? random.pick(people), banned?.room ?? random.pick(rooms)];
    if (!person || room === undefined) return;
    await pause(random.between(0, 60));
    const place = `${room} ${person.user}`;
    const command = keeper.moderate(action, room, person.user);
    if (action === 'banMember' && !bans.has(place)) {
      await watchBan(devices, person, recorder, () => keeper.send(command, 'http'));
      bans.set(place, { person, room });
      continue;
    }
    await keeper.send(command, 'http');
    // Of no effect on the ban is a removal only.
    if (action === 'inviteMember' || action === 'unbanMember') bans.delete(place);
  }
}

/** Writes down what becomes of the connections that were open before a ban (P9). */
async function watchBan(
  devices: readonly Device[],
  person: Person,
  recorder: Recorder,
  ban: () => Promise<unknown>,
): Promise<void> {
  const open = devices.flatMap(({ person: of, client, connection }) =>
    of === person && client && connection !== undefined ? [{ client, connection }] : [],
  );
  for (const { connection } of open) recorder.note({ kind: 'banning', connection });
  await ban();
  const from = Date.now();
  await Promise.all(
    open.map(async ({ client, connection }) => {
      await Promise.race([client.closed, pause(patience().forWhatMustCome)]);
      const milliseconds = client.end ? Date.now() - from : undefined;
      recorder.note({ kind: 'banned', connection, milliseconds });
    }),
  );
}
