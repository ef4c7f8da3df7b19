/** What is known of the custom resources that were made, kept beside the data. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { EngineError } from '../errors.ts';

export interface Made {
  readonly physicalResourceId: string;
  readonly resourceType: string;
  readonly serviceTokenArn: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What its function answered: the resource's attributes. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** By logical id. @throws EngineError `database_foreign` */
export async function loadMade(file: string): Promise<Record<string, Made>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')).customResources;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new EngineError('database_foreign', `unable to read ${file}; it is not of this engine`);
  }
}

export async function saveMade(file: string, customResources: Readonly<Record<string, Made>>): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify({ customResources }), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
