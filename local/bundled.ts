import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError } from './errors.ts';

/**
 * Path of another entry of the build: beside the engine where that is bundled, in the build's folder where it runs from source.
 *
 * @throws EngineError `assembly_unreadable`
 */
export function bundled(name: string): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const candidates = [path.join(here, name), path.join(here, '../dist/local', name)];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new EngineError('assembly_unreadable', `unable to start; ${name} is not built`);
}
