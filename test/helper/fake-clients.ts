/** Clients of the made-up service, logged in as alice and looking at the room `general`. */
import { connect, type Parley, type Platform, type Storage } from '../../client/index.ts';
import { FakeService } from './fake-service.ts';

/** What a step of a login takes, by the service's clock, ms. */
const STEP_MS = 300;

export class FakeClients {
  readonly service = new FakeService();
  readonly #all: Parley[] = [];

  /** @param logsIn false: comes back with what its storage holds of the last time. */
  async open(
    changes: Partial<Platform> & { readonly storage?: Storage } = {},
    logsIn = true,
  ): Promise<Parley> {
    const { service } = this;
    const parley = connect({ url: 'http://parley.test', platform: service.platform(changes) });
    this.#all.push(parley);
    const entered = logsIn ? parley.login({ username: 'alice', password: 'long enough' }) : parley.ready;
    await service.clock.pass(STEP_MS);
    await entered;
    await service.clock.pass(STEP_MS);
    parley.room('general').messages.subscribe(() => {});
    await service.clock.pass(STEP_MS);
    return parley;
  }

  async close(): Promise<void> {
    for (const client of this.#all) await client.close();
  }
}
