import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../shared/auth/identity.ts';
import { createTicket, redeemTicket, TICKET_SECONDS } from '../../shared/auth/tickets.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { CONNECTIONS_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';

const START = Date.UTC(2026, 0, 1);
const PAGE = 'https://chat.example';
const identity: Identity = { user: UserId.parse('alice'), session: 's-1', expiresAt: START + 900_000 };

let database: Database;
let clock = START;

function context() {
  return { connections: database.tables(() => clock).connections, now: () => clock };
}

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());
beforeEach(() => {
  clock = START;
});

function expectRefused(ticket: string, origin: string | undefined) {
  return expect(redeemTicket(context(), ticket, origin)).rejects.toMatchObject({
    code: 'unauthenticated',
    message: 'unable to authenticate; the credential is missing, expired or not valid',
  });
}

describe('a ticket', () => {
  it('stands for who asked for it, as long as their token does', async () => {
    const ticket = await createTicket(context(), identity, undefined);
    expect(ticket).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await redeemTicket(context(), ticket, undefined)).toEqual(identity);
  });

  it('is good once', async () => {
    const ticket = await createTicket(context(), identity, undefined);
    await redeemTicket(context(), ticket, undefined);
    await expectRefused(ticket, undefined);
  });

  it('is good for one of many who use it at once', async () => {
    const ticket = await createTicket(context(), identity, undefined);
    const uses = await Promise.allSettled(
      Array.from({ length: 10 }, () => redeemTicket(context(), ticket, undefined)),
    );
    expect(uses.filter((use) => use.status === 'fulfilled')).toHaveLength(1);
  });

  it('is good for thirty seconds', async () => {
    const [early, late] = [
      await createTicket(context(), identity, undefined),
      await createTicket(context(), identity, undefined),
    ];
    clock = START + TICKET_SECONDS * 1_000 - 1;
    expect(await redeemTicket(context(), early, undefined)).toEqual(identity);
    clock = START + TICKET_SECONDS * 1_000;
    await expectRefused(late, undefined);
  });

  it('does not outlive the token it was made with', async () => {
    const ticket = await createTicket(context(), { ...identity, expiresAt: START + 5_000 }, undefined);
    clock = START + 5_000;
    await expectRefused(ticket, undefined);
  });

  it('is bound to the page that asked, and a try from another one leaves it whole', async () => {
    const ticket = await createTicket(context(), identity, PAGE);
    await expectRefused(ticket, 'https://evil.example');
    await expectRefused(ticket, undefined);
    expect(await redeemTicket(context(), ticket, PAGE)).toEqual(identity);
  });

  it('is stored as a hash, with a time to live', async () => {
    const ticket = await createTicket(context(), identity, PAGE);
    const { Items } = await database.call('Scan', { TableName: CONNECTIONS_TABLE_NAME });
    expect(JSON.stringify(Items)).not.toContain(ticket);
    expect(JSON.stringify(Items)).toContain(`"expiresAt":{"N":"${START / 1_000 + TICKET_SECONDS}"}`);
  });

  it.each(['', 'x', 'A'.repeat(22), 'A'.repeat(10_000), '../../etc', '%00'])('is not %j', (ticket) =>
    expectRefused(ticket, undefined),
  );
});
