/**
 * Writes the documents of both APIs to `docs/api/`, valid by their own validators; with `--check` it only says whether they are up to
 * date. `asyncapi.parsed.json` is the second one as its viewer takes it.
 *
 * Their examples are what `--record` sees when it plays the story of `docs/examples/story.ts` on the engine. A test plays it again, and
 * compares.
 *
 * Only what this version serves is in them: the HTTP endpoints, and the actions that have a route.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { endpoints } from '../functions/http/endpoints.ts';
import manifest from '../package.json' with { type: 'json' };
import { ACTIONS } from '../shared/protocol/commands.ts';
import { findEntries } from './build.ts';
import { asyncApi } from './docs/asyncapi.ts';
import { documentCalls } from './docs/document-calls.ts';
import { playExamples } from './docs/examples/play.ts';
import type { Recording } from './docs/examples/recording.ts';
import { openApi } from './docs/openapi.ts';
import { parseAsyncApi, validateOpenApi } from './docs/validate.ts';
import { parseOptions } from './start/options.ts';
import { startParley } from './start.ts';

const ROOT = join(import.meta.dirname, '..');

/** What the last play of the story showed. */
const EXAMPLES = 'docs/api/examples.json';

async function documents(examples: Recording): Promise<Record<string, string>> {
  const routes = new Set((await findEntries()).map(({ name }) => name));
  const served = ACTIONS.filter((action) => routes.has(`websocket/${kebab(action)}`));
  const text = (document: object) => `${JSON.stringify(document, null, 2)}\n`;
  const http = openApi([...endpoints, ...documentCalls], manifest.version, examples);
  const webSocket = asyncApi(served, manifest.version, examples);
  await validateOpenApi(http);
  return {
    [EXAMPLES]: text(examples),
    'docs/api/openapi.json': text(http),
    'docs/api/asyncapi.json': text(webSocket),
    'docs/api/asyncapi.parsed.json': await parseAsyncApi(webSocket),
  };
}

/** `sendMessage` → `send-message`: a route's file is named after its action. */
function kebab(action: string): string {
  return action.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Plays the story on a service of its own. */
async function record(): Promise<Recording> {
  const options = parseOptions(['--port', '0', '--no-demo', '--log', 'error']);
  if (options === 'help') throw new Error('unable to start; the options ask for help');
  const parley = await startParley(options);
  try {
    return await playExamples(parley);
  } finally {
    await parley.close();
  }
}

const check = process.argv.includes('--check');
const examples: Recording = process.argv.includes('--record')
  ? await record()
  : JSON.parse(await readFile(join(ROOT, EXAMPLES), 'utf8'));
const outdated: string[] = [];
for (const [path, text] of Object.entries(await documents(examples))) {
  const file = join(ROOT, path);
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before === text) continue;
  outdated.push(relative(ROOT, file));
  if (check) continue;
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
}
if (check && outdated.length > 0) {
  console.error(
    `unable to pass; ${outdated.join(' and ')} are out of date\nRun npm run docs and commit them.`,
  );
  process.exitCode = 1;
} else if (!check) {
  console.error(outdated.length > 0 ? `wrote ${outdated.join(', ')}` : 'up to date already');
}
