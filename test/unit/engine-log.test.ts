import { describe, expect, it } from 'vitest';
import { type EngineLogEntry, filterLog, functionEntry, gatewayEntry } from '../../local/log.ts';
import { jsonLine, terminalLine } from '../../local/log-format.ts';
import { createLogger } from '../../shared/observability/log.ts';

const AT = new Date(2026, 10, 21, 3, 4, 5, 6).getTime();
const FUNCTION = 'Parley-dev-WebSocketSendMessageHandler15C5CF85';

/** What a handler of the stack logs, as the engine gets it. */
function logged(write: (logger: ReturnType<typeof createLogger>) => void): EngineLogEntry {
  let text = '';
  write(createLogger({ level: 'debug', fields: { stage: 'dev' }, write: (line) => (text = line) }));
  return functionEntry({ at: AT, functionName: FUNCTION, requestId: 'lambda-1', source: 'stdout', text });
}

describe('a line of a function', () => {
  it('has the level, the text and the correlation id that the function gave it', () => {
    const entry = logged((log) =>
      log.warn('table call repeated', { requestId: 'req-1', operation: 'Query' }),
    );
    expect(entry).toMatchObject({
      level: 'warn',
      text: 'table call repeated',
      requestId: 'req-1',
      source: FUNCTION,
    });
    expect(entry.fields).toMatchObject({ operation: 'Query' });
    expect(logged((log) => log.info('x')).requestId).toBe('lambda-1');
  });

  it('is for eyes on a terminal: function, correlation id and level, in colour', () => {
    const entry = logged((log) => log.error('it broke', new Error('boom'), { requestId: 'req-1' }));
    const lines = terminalLine(entry, false).split('\n');
    expect(lines[0]).toBe('03:04:05.006 ERROR WebSocketSendMessage req-1 it broke error=Error reason=boom');
    expect(lines.slice(1).join('\n')).toContain('engine-log.test.ts');
    expect(terminalLine(entry, true)).toContain('\x1b[31mERROR\x1b[0m \x1b[1mWebSocketSendMessage\x1b[0m');
  });

  it('is a JSON object elsewhere, on one line, with the whole name', () => {
    const line = jsonLine(logged((log) => log.error('it broke', new Error('boom'))));
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({
      time: new Date(AT).toISOString(),
      level: 'error',
      source: FUNCTION,
      requestId: 'lambda-1',
      message: 'it broke',
      reason: 'boom',
    });
  });

  it('is taken as it is where it is no JSON of that form', () => {
    const take = (text: string, source: 'stdout' | 'stderr' | 'platform' = 'stdout') =>
      functionEntry({ at: AT, functionName: 'f', source, text });
    for (const text of ['{', '{}', '{"level":"loud","message":"x"}', 'plain', '[1]', '{"level":"info"}'])
      expect(take(text)).toEqual({ at: AT, source: 'f', level: 'info', text });
    expect(take('plain', 'stderr').level).toBe('warn');
    expect(take('{"level":"info","message":"x"}', 'platform').level).toBe('error');
  });

  it('can’t steer the terminal', () => {
    const entry = {
      at: AT,
      level: 'warn',
      source: 'f',
      text: '\x1b[2Jgone\r\u009b1m',
      requestId: '\x07',
    } as const;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(terminalLine(entry, false)).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });
});

it('a problem of the gateway names route and connection', () => {
  const entry = gatewayEntry({
    at: AT,
    api: 'Api',
    routeKey: 'sync',
    connectionId: 'c1=',
    problem: 'it timed out',
  });
  expect(terminalLine(entry, false)).toBe('03:04:05.006 WARN  gateway sync: it timed out connectionId=c1=');
});

it('a level lets itself and what is worse through', () => {
  const shown: string[] = [];
  const log = filterLog('warn', ({ level }) => shown.push(level));
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    log({ at: AT, level, source: 'f', text: '' });
  expect(shown).toEqual(['warn', 'error']);
});
