import type { CfnElement } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { Handler } from '../../infra/handler.ts';
import { findEntries } from '../../scripts/build.ts';
import { chatKeys, connectionKeys, type Key } from '../../shared/data/keys.ts';
import { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type Calls, reachableCalls, type TableName } from './reachable-calls.ts';
import { makeStack, property, type Resource, resources } from './stack.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** What a function may do, besides reading its stream and writing its log. */
interface Rights {
  readonly statements: readonly Statement[];
  readonly variables: readonly string[];
}

let calls: ReadonlyMap<string, Calls>;
let rights: ReadonlyMap<string, Rights>;
/** Logical ids of the tables. */
let tables: Readonly<Record<TableName, string>>;

beforeAll(async () => {
  // With everything that a context can add.
  const stack = await makeStack({ moderationWords: 'word', webhookUrl: 'https://example.com/hook' });
  const template = Template.fromStack(stack);
  const entries = await findEntries();
  const reached = reachableCalls(entries.map(({ source }) => source));
  calls = new Map(entries.map(({ name, source }) => [name, reached.get(source) ?? NO_CALLS]));
  rights = new Map(
    stack.node
      .findAll()
      .filter((construct) => construct instanceof Handler)
      .map((handler) => [
        handler.entry,
        rightsOf(template, stack.getLogicalId(handler.node.defaultChild as CfnElement)),
      ]),
  );
  const named = [...resources(template, 'AWS::DynamoDB::Table')];
  const id = (path: RegExp) =>
    named.find(([, table]) => path.test(table.Metadata?.['aws:cdk:path'] ?? ''))?.[0] ?? '';
  tables = { chat: id(/\/Chat\//), connections: id(/\/Connections\//), search: id(/\/Search\//) };
}, 120_000);

const NO_CALLS: Calls = { chat: new Set(), connections: new Set(), search: new Set() };

function rightsOf(template: Template, functionId: string): Rights {
  const lambda = resources(template, 'AWS::Lambda::Function').get(functionId) as Resource;
  const [role] = (property(lambda, 'Role') as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
  const statements = [...resources(template, 'AWS::IAM::Policy').values()]
    .filter((policy) => JSON.stringify(policy.Properties.Roles) === JSON.stringify([{ Ref: role }]))
    .flatMap((policy) => property(policy, 'PolicyDocument', 'Statement') as Statement[]);
  return { statements, variables: Object.keys(property(lambda, 'Environment', 'Variables') as object) };
}

const actionsOf = ({ Action }: Statement): string[] => [Action].flat();

/** The item actions that a function has on a table or its index. */
function itemActions(entry: string, table: TableName): string[] {
  const arn = { 'Fn::GetAtt': [tables[table], 'Arn'] };
  const statements = rights.get(entry)?.statements ?? [];
  const items = statements.filter(({ Resource: on }) => JSON.stringify(on) === JSON.stringify(arn));
  return items.flatMap(actionsOf).map((action) => action.replace('dynamodb:', ''));
}

describe('grants', () => {
  it('cover every function', () => {
    expect([...rights.keys()].sort()).toEqual([...calls.keys()].sort());
    for (const [entry, { statements }] of rights) expect(statements.length, entry).toBeGreaterThan(0);
  });

  it.each(['chat', 'connections', 'search'] as const)(
    'on %s are what the function’s code calls, no less and no more',
    (table) => {
      for (const [entry, { [table]: called }] of calls) {
        expect(itemActions(entry, table).sort(), entry).toEqual([...called].sort());
      }
    },
  );

  it('come with the table’s name, and the name with a grant', () => {
    for (const [entry, called] of calls) {
      const variables = rights.get(entry)?.variables ?? [];
      expect(variables.includes('CHAT_TABLE'), `${entry}, Chat`).toBe(called.chat.size > 0);
      expect(variables.includes('CONNECTIONS_TABLE'), `${entry}, Connections`).toBe(
        called.connections.size > 0,
      );
      expect(variables.includes('SEARCH_TABLE'), `${entry}, Search`).toBe(called.search.size > 0);
    }
  });

  it('name actions and resources, with one exception that AWS makes', () => {
    for (const [entry, { statements }] of rights) {
      for (const statement of statements) {
        for (const action of actionsOf(statement)) {
          expect(action, entry).not.toContain('*');
          // ListStreams takes no resource; Lambda wants it of a function that reads a table's stream.
          if (action !== 'dynamodb:ListStreams')
            expect(statement.Resource, `${entry}: ${action}`).not.toBe('*');
        }
      }
    }
  });

  it('let nobody scan a table, or change one', () => {
    const all = [...rights.values()].flatMap(({ statements }) => statements.flatMap(actionsOf));
    expect(all.filter((action) => /Scan|CreateTable|DeleteTable|UpdateTable|PartiQL/.test(action))).toEqual(
      [],
    );
  });

  it('keep the private keys to who signs and who makes them', () => {
    const secrets = (of: readonly Statement[]) =>
      of.filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager:'));
    // The webhook's secret is another one.
    const holders = [...rights].filter(([, { statements }]) =>
      secrets(statements).some(({ Resource: on }) => !JSON.stringify(on).includes('WebhookSecret')),
    );
    expect(holders.map(([entry]) => entry).sort()).toEqual([
      'http/api',
      'operations/rotate-keys',
      'operations/signing-keys',
    ]);
    expect(JSON.stringify(rights.get('http/api')?.statements)).not.toContain('PutSecretValue');
    expect(secrets(rights.get('queues/webhook')?.statements ?? [])).toEqual([
      expect.objectContaining({ Action: 'secretsmanager:GetSecretValue' }),
    ]);
  });

  it('keep passwords from everything that a socket reaches, and sessions from all but those who let in', () => {
    const account = chatKeys.account(UserId.parse('alice')).pk;
    for (const [entry, { chat }] of calls) {
      // The eraser, which no client reaches, reads the tombstones of deleted accounts.
      if (chat.size === 0 || ['http/api', 'queues/erase-accounts'].includes(entry)) continue;
      expect(mayName(entry, 'chat', { pk: account, sk: '' }), entry).toBe(false);
    }
    const session = chatKeys.session(UserId.parse('alice'), 'one');
    const holders = [...calls].filter(
      ([entry, { chat }]) => chat.size > 0 && mayName(entry, 'chat', session),
    );
    expect(holders.map(([entry]) => entry).sort()).toEqual([
      'http/api',
      'queues/erase-accounts',
      'websocket/authenticate',
      'websocket/connect',
    ]);
  });

  it('let sendMessage name the keys that it uses', () => {
    const [user, room] = [UserId.parse('alice'), RoomId.parse('general')];
    for (const key of [
      chatKeys.head(room),
      chatKeys.claim(room, 'alice#1'),
      chatKeys.event(room, 1),
      chatKeys.room(room),
      chatKeys.membership(user, room),
    ]) {
      expect(mayName('websocket/send-message', 'chat', key), key.pk).toBe(true);
    }
    expect(mayName('websocket/send-message', 'connections', connectionKeys.connection('c'))).toBe(true);
    expect(mayName('websocket/send-message', 'connections', connectionKeys.ticket('t'))).toBe(false);
  });

  it('let nobody post to connections but the fan-out, presence, what ends them, and what tells of a moment', () => {
    const posters = [...rights].filter(([, one]) =>
      JSON.stringify(one).includes('execute-api:ManageConnections'),
    );
    expect(posters.map(([entry]) => entry).sort()).toEqual([
      'http/api',
      'queues/erase-accounts',
      'queues/notify',
      'queues/presence',
      'queues/watch-connections',
      'streams/fan-out',
      'streams/fan-out-shard',
      'streams/presence',
      'streams/settler',
      'websocket/mark-read',
      'websocket/typing',
    ]);
  });
});

/** Whether a function's condition on leading keys lets it name a key. */
function mayName(entry: string, table: TableName, key: Key): boolean {
  const arn = JSON.stringify({ 'Fn::GetAtt': [tables[table], 'Arn'] });
  const statements = rights.get(entry)?.statements ?? [];
  return statements
    .filter(({ Resource: on }) => JSON.stringify(on) === arn)
    .some(({ Condition }) => {
      const patterns = Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
      return (
        patterns === undefined ||
        patterns.some((pattern) =>
          pattern.endsWith('*') ? key.pk.startsWith(pattern.slice(0, -1)) : key.pk === pattern,
        )
      );
    });
}
