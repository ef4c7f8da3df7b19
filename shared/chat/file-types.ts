/** Whether bytes begin as files of the declared type do. https://en.wikipedia.org/wiki/List_of_file_signatures */

type Test = (bytes: Uint8Array) => boolean;

/** Bytes in hexadecimal digits, `..` for any, at an offset. */
function begins(...patterns: readonly string[]): Test {
  const wanted = patterns.map((pattern) => pattern.match(/../g) ?? []);
  return (bytes) =>
    wanted.some((digits) =>
      digits.every((pair, index) => pair === '..' || bytes[index] === Number.parseInt(pair, 16)),
    );
}

/** ISO base media: a size, `ftyp`, and one of these brands; any without them. */
function isoMedia(...brands: readonly string[]): Test {
  return (bytes) => {
    const text = new TextDecoder('latin1').decode(bytes.subarray(4, 12));
    return (
      text.startsWith('ftyp') && (brands.length === 0 || brands.some((one) => text.slice(4).startsWith(one)))
    );
  };
}

const zip = begins('504b0304', '504b0506', '504b0708');
const ogg = begins('4f676753');
const matroska = begins('1a45dfa3');
const riff = (form: string) => begins(`52494646........${form}`);

const SIGNATURES: Readonly<Record<string, Test>> = {
  'application/gzip': begins('1f8b'),
  'application/pdf': begins('255044462d'),
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': zip,
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': zip,
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': zip,
  'application/zip': zip,
  'audio/flac': begins('664c6143'),
  'audio/mp4': isoMedia(),
  'audio/mpeg': begins('494433', 'fffb', 'fff3', 'fff2', 'fffa'),
  'audio/ogg': ogg,
  'audio/wav': riff('57415645'),
  'audio/webm': matroska,
  'image/avif': isoMedia('avif', 'avis', 'mif1'),
  'image/bmp': begins('424d'),
  'image/gif': begins('474946383761', '474946383961'),
  'image/heic': isoMedia('hei', 'hev', 'mif1', 'msf1'),
  'image/jpeg': begins('ffd8ff'),
  'image/png': begins('89504e470d0a1a0a'),
  'image/tiff': begins('49492a00', '4d4d002a'),
  'image/webp': riff('57454250'),
  'video/mp4': isoMedia(),
  'video/ogg': ogg,
  'video/quicktime': begins('........66747970', '........6d6f6f76', '........6d646174', '........77696465'),
  'video/webm': matroska,
};

/**
 * Whether a file may be what it is declared to be. Of a type without a signature nothing can be said: it is handed out for saving
 * only, never to be shown, so that nothing comes of it.
 *
 * @param bytes the first of the file.
 */
export function isOfType(contentType: string, bytes: Uint8Array): boolean {
  const type = contentType.toLowerCase();
  const test = Object.hasOwn(SIGNATURES, type) ? SIGNATURES[type] : undefined;
  return test ? test(bytes) : true;
}
