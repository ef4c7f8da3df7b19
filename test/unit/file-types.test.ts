import { describe, expect, it } from 'vitest';
import { isOfType } from '../../shared/chat/file-types.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const text = (value: string) => new TextEncoder().encode(value);

describe('the beginning of a file', () => {
  it.each([
    ['image/png', bytes('89504e470d0a1a0a 0000000d')],
    ['image/jpeg', bytes('ffd8ffe0 00104a46')],
    ['image/gif', text('GIF89a')],
    ['image/webp', text('RIFF\u0010\u0000\u0000\u0000WEBPVP8 ')],
    ['image/avif', text('\u0000\u0000\u0000\u001cftypavif')],
    ['application/pdf', text('%PDF-1.7')],
    ['application/zip', bytes('504b0304 1400')],
    ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', bytes('504b0304')],
    ['video/mp4', text('\u0000\u0000\u0000\u0018ftypisom')],
    ['video/webm', bytes('1a45dfa3')],
    ['audio/mpeg', text('ID3')],
    ['audio/ogg', text('OggS')],
  ])('tells that it is %s', (type, start) => {
    expect(isOfType(type, start)).toBe(true);
    expect(isOfType(type.toUpperCase(), start)).toBe(true);
  });

  it.each(['image/png', 'image/jpeg', 'image/avif', 'application/pdf', 'video/mp4', 'audio/mpeg'])(
    'tells that it is not %s',
    (type) => {
      for (const start of [text('<script>alert(1)</script>'), bytes(''), bytes('00'), text('MZ')]) {
        expect(isOfType(type, start)).toBe(false);
      }
    },
  );

  it('tells nothing of a type without a signature', () => {
    for (const type of [
      'text/plain',
      'text/html',
      'application/octet-stream',
      '__proto__/x',
      'constructor/x',
    ]) {
      expect(isOfType(type, text('anything'))).toBe(true);
    }
  });
});
