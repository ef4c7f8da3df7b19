import { describe, expect, it } from 'vitest';
import { MAX_PREVIEW, previewOf } from '../../shared/chat/notification.ts';

const characters = (text: string) =>
  [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);

describe('a preview', () => {
  it('is the text itself where that is short', () => {
    for (const text of ['', 'hello', 'x'.repeat(MAX_PREVIEW)]) expect(previewOf(text)).toBe(text);
  });

  it.each([
    ['letters', 'x'],
    ['surrogate pairs', '😀'],
    ['a family', '👨‍👩‍👧‍👦'],
    ['flags', '🇫🇷'],
    ['accents that combine', 'e\u0301\u0323'],
    ['Devanagari', 'क्षि'],
    ['line breaks', '\r\n'],
  ])('of %s is cut between characters, and says that it goes on', (_, character) => {
    const text = character.repeat(200);
    const preview = previewOf(text);
    expect(preview.length).toBeLessThanOrEqual(MAX_PREVIEW);
    expect(preview.length).toBeGreaterThan(MAX_PREVIEW - 2 * character.length);
    expect(preview.endsWith('…')).toBe(true);
    const begins = characters(preview.slice(0, -1));
    expect(begins).toEqual(characters(text).slice(0, begins.length));
  });

  it('of a character that alone is too long is only the sign that there is more', () => {
    expect(previewOf(`e${'\u0301'.repeat(500)}`)).toBe('…');
  });
});
