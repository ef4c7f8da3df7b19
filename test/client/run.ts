import type { Message, TimelineItem } from '../../client/index.ts';
import { type Endpoint, pause } from '../helper/endpoint.ts';
import { randomOf } from '../simulation/random.ts';
import { Device, type Person } from './device.ts';
import { Network, type NetworkCounts } from './network.ts';

/** What each client does one after the other. */
const STEPS = { least: 25, most: 40 };
const WEIGHTS = { say: 30, burst: 3, change: 22, older: 4, past: 3, end: 3, reload: 3, rest: 20 } as const;
/** How long after the noise everything must have come, milliseconds: messages go one after the other, and a busy machine takes a second for each. */
const QUIET_WITHIN = 90_000;

export interface RunResult {
  readonly violations: readonly string[];
  readonly messages: number;
  readonly counts: NetworkCounts;
}

/** What goes wrong on the service's side meanwhile, with several runs at once. */
export interface Storm {
  /** Resolves when all runs are ready, and it has begun. */
  begin(): Promise<void>;
  /** Resolves when it is over. */
  readonly end: Promise<void>;
}

/** Three clients talk in one room over a network that the seed makes bad. Then the network is good, and what each shows is compared with the log. */
export async function run(
  endpoint: Endpoint,
  people: readonly Person[],
  room: string,
  seed: number,
  storm: Storm,
): Promise<RunResult> {
  const random = randomOf(seed).fork('clients');
  const network = new Network(random.fork('network'));
  const devices = people.map(
    (person) => new Device(endpoint, network, person, { room, random: random.fork(person.user) }),
  );
  try {
    await Promise.all(devices.map((device) => device.ready()));
    await storm.begin();
    network.storm();
    await Promise.all(devices.map((device, index) => live(device, randomOf(seed).fork(`life ${index}`))));
    await storm.end;
    network.calm();
    return { ...(await compare(devices)), counts: network.counts };
  } finally {
    for (const device of devices) device.close();
  }
}

/** What the clients show, and what they wrote, against the log. */
export async function compare(devices: readonly Device[]): Promise<Omit<RunResult, 'counts'>> {
  const violations: string[] = [];
  const log = await settle(devices, violations);
  for (const device of devices) violations.push(...(await check(device, log)));
  const written = devices.flatMap((device) => [...device.written]);
  violations.push(...onceOnly(written, log));
  return { violations, messages: log.length };
}

async function live(device: Device, random: ReturnType<typeof randomOf>): Promise<void> {
  const steps = random.between(STEPS.least, STEPS.most);
  await device.parley.ready;
  for (let step = 0; step < steps; step++) {
    switch (random.weighted(WEIGHTS)) {
      case 'say':
        device.say();
        break;
      case 'burst':
        for (let count = random.between(2, 5); count > 0; count--) device.say();
        break;
      case 'change':
        void device.change().catch(() => {});
        break;
      case 'older':
        void device.room.loadOlder().catch(() => {});
        break;
      case 'past':
        void device.room.jumpTo(random.between(1, 30)).catch(() => {});
        break;
      case 'end':
        void device.room.jumpToEnd().catch(() => {});
        break;
      case 'reload':
        await device.reload();
        break;
    }
    await pause(random.between(0, 90));
  }
}

/** Waits until nothing is under way any more. @returns the messages of the log, as the service has them for the first device. */
async function settle(devices: readonly Device[], violations: string[]): Promise<readonly Message[]> {
  const deadline = Date.now() + QUIET_WITHIN;
  for (const device of devices) await device.ready();
  for (;;) {
    for (const device of devices) device.discardOrphans();
    const failed = devices.flatMap((device) =>
      device.parley.outbox.getSnapshot().filter(({ status }) => status === 'failed'),
    );
    const waiting = devices.flatMap((device) => [...device.parley.outbox.getSnapshot()]);
    if (failed.length > 0) violations.push(`failed: ${failed.map(({ error }) => error?.message).join(', ')}`);
    const [first] = devices;
    if (waiting.length === 0 && first) {
      const log = await readLog(first);
      const head = log.at(-1)?.seq ?? 0;
      const isHere = devices.every(
        (device) => (device.room.summary.getSnapshot()?.lastMessage?.seq ?? 0) >= head,
      );
      if (isHere) return log;
    }
    if (Date.now() > deadline || failed.length > 0) {
      violations.push(`${waiting.length} messages were still waiting after ${QUIET_WITHIN} ms`);
      return first ? readLog(first) : [];
    }
    await pause(30);
  }
}

/** The whole history, read by calls that change nothing of what is shown. */
async function readLog({ room }: Device): Promise<readonly Message[]> {
  const log: Message[] = [];
  for (let more = true; more; ) {
    const before = log[0]?.seq;
    const page = await room.history({ limit: 100, ...(before === undefined ? {} : { before }) });
    log.unshift(...page.messages);
    more = page.more;
  }
  return log;
}

/** What a client shows, from the first message to the last, against the log. */
async function check(device: Device, log: readonly Message[]): Promise<readonly string[]> {
  const violations = [...device.violations, ...device.problems.map((what) => `complained of ${what}`)];
  await device.room.jumpToEnd();
  while (!device.room.messages.getSnapshot().atStart) await device.room.loadOlder();
  const deadline = Date.now() + 5_000;
  for (;;) {
    const shown = device.items.map(plain);
    const wanted = log.map(plain);
    const wrong = wanted.flatMap((message, at) =>
      message === shown[at] ? [] : [`shows ${shown[at]} for ${message}`],
    );
    if (shown.length > wanted.length) wrong.push(`shows more: ${shown.slice(wanted.length).join(' ')}`);
    if (wrong.length === 0) return violations.map((what) => `${device.person.user} ${what}`);
    // What was acknowledged last may still be on its way to this one.
    if (Date.now() > deadline)
      return [...violations, ...wrong.slice(0, 4)].map((what) => `${device.person.user} ${what}`);
    await pause(50);
  }
}

/** Beside the reactions. */
const COMPARED = [
  ...(['seq', 'n', 'user', 'text', 'thread', 'editedAt', 'deleted', 'pinned'] as const),
  ...(['replyCount', 'lastReplyAt', 'lastReply'] as const),
];

/** A message as everyone must see it. */
function plain(item: TimelineItem | Message): string {
  if ('status' in item && item.status !== 'sent') return `${item.status} ${item.text}`;
  const message = item as Message;
  const reacted = Object.entries(message.reactions)
    .map(([emoji, { count, users }]) => [emoji, count, [...users].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([...COMPARED.map((name) => message[name]), reacted]);
}

/** Each text that was written is in the log once; edits and deletions are told by what they began with. */
function onceOnly(written: readonly string[], log: readonly Message[]): string[] {
  const said = log.flatMap(({ text }) => (text === undefined ? [] : [text.replaceAll(' (edited)', '')]));
  const deleted = log.filter((message) => message.deleted).length;
  const missing = written.filter((text) => !said.includes(text));
  const twice = said.filter((text, at) => said.indexOf(text) !== at);
  return [
    ...(missing.length === deleted
      ? []
      : [`${missing.length} texts are missing and ${deleted} deleted: ${missing.join(', ')}`]),
    ...twice.map((text) => `${text} is in the log twice`),
    ...(log.length === written.length
      ? []
      : [`${written.length} were written, and ${log.length} are in the log`]),
  ];
}
