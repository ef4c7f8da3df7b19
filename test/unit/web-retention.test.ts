import { describe, expect, it } from 'vitest';
import { isShorter, retentionChoices, retentionText } from '../../web/rooms/retention.ts';

describe('what a room says of how long it keeps messages', () => {
  it.each([
    [30, 'Messages are kept for 30 days.'],
    [1, 'Messages are kept for 1 day.'],
    [45, 'Messages are kept for 45 days.'],
    [null, ''],
    [undefined, ''],
  ])('%s days: %s', (days, text) => expect(retentionText(days)).toBe(text));

  it('offers what was chosen elsewhere, too', () => {
    expect(retentionChoices('45').at(-1)).toEqual({ value: '45', label: '45 days' });
    expect(retentionChoices('').map(({ value }) => value)).not.toContain('45');
  });

  it.each([
    [undefined, 7, true],
    [null, 7, true],
    [30, 7, true],
    [7, 7, false],
    [7, 30, false],
    [7, null, false],
    [undefined, null, false],
  ])('knows whether messages go that are there: %s to %s days, %s', (before, after, goes) =>
    expect(isShorter(before, after)).toBe(goes),
  );
});
