import { z } from 'zod';
import { Service } from '../../scripts/replay/service.ts';
import { Socket } from '../../scripts/replay/socket.ts';
import { type Child, startChild } from './child.ts';
import type { Participant, Seat, Server } from './server.ts';

const Ready = z.object({ http: z.string(), websocket: z.string() });

/** Far more commands than any scenario sends on one connection: what is measured is the service, not its brake. */
const NO_LIMIT = 1_000_000;
/** A password for people who live as long as a run. */
const PASSWORD = 'bench-password-of-no-value';

/** Where a service that is already running listens. */
export interface ParleyAddress {
  readonly http: string;
  readonly websocket: string;
}

/** Parley as `npm start` starts it, or one that runs already. */
export class ParleyServer implements Server {
  readonly name = 'parley';
  readonly #root: string;
  readonly #startArguments: readonly string[];
  readonly #profile: string | undefined;
  #child: Child | undefined;
  #address: ParleyAddress | undefined;
  #service: Service | undefined;
  readonly #known = new Set<string>();

  /**
   * @param startArguments more arguments for `npm start`
   * @param profile folder for processor profiles, one a thread; what is measured is slower then
   */
  constructor(root: string, startArguments: readonly string[] = [], profile?: string) {
    this.#root = root;
    this.#startArguments = startArguments;
    this.#profile = profile;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const [command = '', ...first] =
      this.#profile === undefined
        ? ['npm', 'start', '--silent', '--']
        : ['node', '--cpu-prof', `--cpu-prof-dir=${this.#profile}`, '--import', 'tsx', 'scripts/start.ts'];
    this.#child = await startChild(
      command,
      [
        ...first,
        ...['--port', '0', '--json', '--no-demo'],
        ...['-c', `commandsPerMinute=${NO_LIMIT}`, '-c', `commandBurst=${NO_LIMIT}`],
        ...this.#startArguments,
      ],
      this.#root,
    );
    this.#address = Ready.parse(this.#child.ready);
    this.#service = new Service(this.#address.http);
  }

  /** Rooms are filled over HTTP before anyone is connected: a join that a thousand people hear is not what a scenario measures. */
  async prepare(rooms: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const service = this.#running();
    const everyone = [...new Set([...rooms.values()].flat())];
    for (const user of everyone) {
      if (this.#known.has(user)) continue;
      service.introduce(user, PASSWORD);
      this.#known.add(user);
    }
    await Promise.all(everyone.map((user) => service.token(user)));
    await Promise.all(
      [...rooms].map(async ([room, [owner, ...others]]) => {
        if (owner === undefined) return;
        await service.createRoom(owner, room, room);
        await Promise.all(others.map((user) => service.join(user, room)));
      }),
    );
  }

  async connect({ user, room, onDelivery, onLoss }: Seat): Promise<Participant> {
    const token = await this.#running().token(user);
    const socket = await Socket.connect(this.#address?.websocket ?? '', token, {
      onEvents(of, events, at) {
        if (of !== room) return;
        for (const { type, text, seq } of events) {
          if (type === 'message.created' && text !== undefined) onDelivery(text, seq, at);
        }
      },
      onClosed: onLoss,
    });
    return {
      async send(text) {
        await socket.command('sendMessage', { room, text });
      },
      close: () => socket.close(),
    };
  }

  async stop(): Promise<void> {
    await this.#service?.close();
    await this.#child?.stop();
    this.#child = undefined;
  }

  #running(): Service {
    if (this.#service === undefined) throw new Error('unable to use the service; it is not started');
    return this.#service;
  }
}
