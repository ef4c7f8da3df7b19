import { describe, expect, it } from 'vitest';
import { createLogger } from '../../shared/observability/log.ts';

function collect(level: string | undefined) {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    level,
    fields: { service: 'test' },
    write: (line) => lines.push(JSON.parse(line)),
  });
  return { log, lines };
}

describe('the log', () => {
  it('writes one JSON object a line, with the fields that a logger carries', () => {
    const { log, lines } = collect('info');
    log.with({ requestId: 'r-1' }).info('committed', { seq: 7 });
    expect(lines).toMatchObject([
      { level: 'info', message: 'committed', service: 'test', requestId: 'r-1', seq: 7 },
    ]);
  });

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['ERROR', 1],
    ['nonsense', 3],
    [undefined, 3],
  ])('at level %s writes %i of the four', (level, count) => {
    const { log, lines } = collect(level);
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d', new Error('broken'));
    expect(lines).toHaveLength(count);
  });

  it('names an error with its stack, and takes anything that was thrown', () => {
    const { log, lines } = collect('info');
    log.error('failed', new RangeError('too far'));
    log.error('failed', 'a text that may be anyone’s');
    expect(lines[0]).toMatchObject({ error: 'RangeError', reason: 'too far', stack: expect.any(String) });
    expect(JSON.stringify(lines[1])).not.toContain('anyone');
  });
});
