import { access, constants, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EngineError } from '../errors.ts';

/** The platform packages carry the bare binary at their root. */
const EXECUTABLE = process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';

/**
 * Finds the database: the platform's npm package first, then `PATH`.
 *
 * @returns an absolute path
 * @throws EngineError `database_missing`, which says what to install
 */
export async function findDatabaseBinary(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const packageName = `@dynoxide/${process.platform}-${process.arch}`;
  const candidates = [...(await inPackage(packageName)), ...onPath(environment.PATH ?? '')];
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  throw new EngineError(
    'database_missing',
    `unable to start the database; dynoxide is neither installed as ${packageName} nor on PATH. ` +
      `Install it with "npm install --no-save ${packageName}" or "cargo install dynoxide-rs", ` +
      'or name the endpoint of another DynamoDB',
  );
}

async function inPackage(packageName: string): Promise<string[]> {
  const require = createRequire(import.meta.url);
  try {
    const directory = path.dirname(require.resolve(`${packageName}/package.json`));
    const names = await readdir(directory);
    return [
      path.join(directory, EXECUTABLE),
      ...(names.includes('bin') ? [path.join(directory, 'bin', EXECUTABLE)] : []),
    ];
  } catch {
    // Not installed: npm leaves an optional package out where the platform has none.
    return [];
  }
}

function onPath(searchPath: string): string[] {
  return searchPath
    .split(path.delimiter)
    .filter((directory) => path.isAbsolute(directory))
    .map((directory) => path.join(directory, EXECUTABLE));
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
