import { describe, expect, it } from 'vitest';
import { CommandError } from '../../scripts/command-error.ts';
import { wscatLine } from '../../scripts/start/banner.ts';
import { parseOptions, USAGE } from '../../scripts/start/options.ts';

function refusal(...args: string[]): CommandError {
  try {
    parseOptions(args);
  } catch (error) {
    if (error instanceof CommandError) return error;
  }
  throw new Error('the words were accepted');
}

describe('the words after npm start --', () => {
  it('start on port 3000, in memory, with the demo users, unless told otherwise', () => {
    expect(parseOptions([])).toEqual({
      port: 3000,
      gateways: 1,
      context: {},
      demo: true,
      json: false,
      watch: false,
      limits: false,
      log: 'warn',
    });
  });

  it('are all understood', () => {
    const args =
      '--port 0 --gateways 2 --data /tmp/x -c stage=test -c allowedOrigins=http://a=b --no-demo --json --watch --limits --log debug'.split(
        ' ',
      );
    expect(parseOptions(args)).toEqual({
      port: 0,
      gateways: 2,
      data: '/tmp/x',
      context: { stage: 'test', allowedOrigins: 'http://a=b' },
      demo: false,
      json: true,
      watch: true,
      limits: true,
      log: 'debug',
    });
  });

  it('ask for the usage, which names each of them', () => {
    expect(parseOptions(['--help'])).toBe('help');
    const flags = [
      '--port N',
      '--gateways N',
      '--data DIR',
      '-c KEY=VALUE',
      '--watch',
      '--limits',
      '--log LEVEL',
      '--no-demo',
      '--json',
      '--help',
    ];
    for (const flag of flags) {
      expect(USAGE).toContain(`  ${flag} `);
    }
  });

  it.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['stray'], "Unexpected argument 'stray'"],
    [['--port', 'x'], '--port x is not a port'],
    [['--port', '65536'], '--port 65536 is not a port'],
    [['--gateways', '0'], '--gateways 0 is not a number of gateways'],
    [['--gateways', '99'], '--gateways 99 is not a number of gateways'],
    [['--port', '65535', '--gateways', '2'], 'there are no 2 ports from 65535 on'],
    [['--log', 'loud'], '--log loud is not a level'],
    [['-c', 'novalue'], '-c novalue is not a context value'],
    [['-c', '=x'], '-c =x is not a context value'],
  ])('are refused with what to do: %j', (args, reason) => {
    const error = refusal(...args);
    expect(error.message).toContain(`unable to start; ${reason}`);
    expect(error.remedy).not.toBe('');
  });
});

it('the line to paste quotes its header for a shell', () => {
  expect(wscatLine('ws://localhost:3000/ws', { user: 'alice', accessToken: 'a.b.c' })).toBe(
    'npx wscat -c ws://localhost:3000/ws -H "Authorization: Bearer a.b.c"',
  );
});
