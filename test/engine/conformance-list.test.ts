/** docs/engine.md names a test for what it says that the engine does: each of them exists. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Folders of tests that the list may name, in the order in which a name is looked for. */
const FOLDERS = [
  'test/engine',
  'test/start',
  'test/unit',
  'test/integration',
  'test/infra',
  'test/simulation',
];

interface Row {
  readonly point: string;
  readonly verdict: string;
  readonly test: string;
}

const rows: Row[] = (await readFile(join(ROOT, 'docs/engine.md'), 'utf8'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (point|---)/.test(line))
  .map((line) => {
    const [, point = '', verdict = '', test = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { point, verdict, test };
  });

/** `file: part of a title; part of another` once or more, with `…` and brackets for what is left out. */
function namedTests(cell: string): { file: string; parts: string[] }[] {
  let file = '';
  return cell
    .replace(/\s*\((two|three|four|five) tests\)/g, '')
    .split('; ')
    .flatMap((piece) => {
      const [, named, rest = piece] = /^([a-z0-9-]+): (.*)$/s.exec(piece) ?? [];
      if (named !== undefined) file = named;
      else if (/^[a-z]+(-[a-z]+)*$/.test(piece) && !piece.includes(' ')) {
        file = piece;
        return [{ file, parts: [] }];
      }
      return [
        {
          file,
          parts: rest
            .split('…')
            .map((part) => part.trim())
            .filter((part) => part !== ''),
        },
      ];
    });
}

/** The list writes plain apostrophes, titles printed ones. */
function plain(text: string): string {
  return text.replaceAll('’', "'").replaceAll("\\'", "'");
}

async function textOf(file: string): Promise<string> {
  for (const folder of FOLDERS) {
    const names = await readdir(join(ROOT, folder));
    if (names.includes(`${file}.test.ts`)) return readFile(join(ROOT, folder, `${file}.test.ts`), 'utf8');
  }
  return '';
}

describe('docs/engine.md', () => {
  it('has a verdict for each point', () => {
    expect(rows.length).toBeGreaterThan(100);
    const known =
      /as AWS|chosen|differs|lacks|refused at the start|as (fauxqs|dynoxide) does it|engine’s own|engine's own|as a |`local\//;
    expect(rows.filter(({ verdict }) => verdict !== '' && !known.test(verdict))).toEqual([]);
  });

  it('names a test for all that the engine does as AWS does', () => {
    expect(rows.filter(({ verdict, test }) => verdict.startsWith('as AWS') && test === '')).toEqual([]);
  });

  it('names tests that exist', async () => {
    const missing: string[] = [];
    for (const { point, test } of rows) {
      if (test === '' || /^(the same|its )/.test(test)) continue;
      for (const { file, parts } of namedTests(plain(test))) {
        const text = plain(await textOf(file));
        for (const part of parts) if (!text.includes(part)) missing.push(`${point}: ${file}: ${part}`);
        if (text === '') missing.push(`${point}: no test file ${file}`);
      }
    }
    expect(missing).toEqual([]);
  });
});
