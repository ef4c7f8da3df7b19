import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import type { SecretModel } from '../assembly/model.ts';
import { EngineError, reasonOf } from '../errors.ts';
import { generateSecret } from './secret-generation.ts';

export interface SecretVersion {
  readonly id: string;
  readonly stages: readonly string[];
  readonly string?: string;
  /** Base64. */
  readonly binary?: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

interface StoredSecret {
  readonly versions: readonly SecretVersion[];
}

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';
/** Readable by the user alone: the private keys lie in it. */
const FILE_MODE = 0o600;

/** The secrets of a stack with their versions, in memory, or in a file that only the user can read. */
export class SecretStore {
  readonly #models: readonly SecretModel[];
  readonly #file: string | undefined;
  #secrets: Readonly<Record<string, StoredSecret>> = {};
  #writing: Promise<void> = Promise.resolve();

  private constructor(models: readonly SecretModel[], file: string | undefined) {
    this.#models = models;
    this.#file = file;
  }

  /**
   * Opens the store and makes the first version of each secret that has none.
   *
   * @param file - where to keep the secrets; without it they are gone with the engine
   * @throws EngineError `database_foreign` for a file that is none of ours
   */
  static async open(models: readonly SecretModel[], file?: string): Promise<SecretStore> {
    const store = new SecretStore(models, file);
    if (file !== undefined) store.#secrets = await load(file);
    for (const model of models) {
      if (store.versionsOf(model.arn).length > 0) continue;
      const string = model.value ?? (model.generate && generateSecret(model.generate));
      if (string !== undefined) await store.put(model.arn, { string, id: randomUUID() }, [CURRENT]);
    }
    return store;
  }

  /** By ARN, by ARN without its random part, or by name. */
  find(id: string): SecretModel | undefined {
    return this.#models.find(({ arn, name }) => id === arn || id === name || arn.slice(0, -7) === id);
  }

  versionsOf(arn: string): readonly SecretVersion[] {
    return this.#secrets[arn]?.versions ?? [];
  }

  /** Adds a version and moves the stages to it; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
  async put(
    arn: string,
    version: Pick<SecretVersion, 'id' | 'string' | 'binary'>,
    stages: readonly string[],
  ): Promise<void> {
    const created = Math.floor(Date.now() / 1000);
    await this.#change(
      arn,
      moveStages([...this.versionsOf(arn), { ...version, created, stages: [] }], version.id, stages),
    );
  }

  async moveStage(arn: string, stage: string, toVersion: string): Promise<void> {
    await this.#change(arn, moveStages(this.versionsOf(arn), toVersion, [stage]));
  }

  async #change(arn: string, versions: readonly SecretVersion[]): Promise<void> {
    // A version without a stage is deprecated, and deleted by AWS in its own time.
    const kept = versions.filter(({ stages }) => stages.length > 0);
    this.#secrets = { ...this.#secrets, [arn]: { versions: kept } };
    const file = this.#file;
    if (file === undefined) return;
    this.#writing = this.#writing.then(() => save(file, this.#secrets));
    await this.#writing;
  }
}

function moveStages(
  versions: readonly SecretVersion[],
  toVersion: string,
  stages: readonly string[],
): SecretVersion[] {
  const wasCurrent = versions.find((version) => version.stages.includes(CURRENT));
  const demoted = stages.includes(CURRENT) && wasCurrent?.id !== toVersion ? wasCurrent?.id : undefined;
  return versions.map((version) => {
    const own = version.stages.filter(
      (stage) => !stages.includes(stage) && !(demoted !== undefined && stage === PREVIOUS),
    );
    if (version.id === toVersion) return { ...version, stages: [...own, ...stages] };
    return version.id === demoted ? { ...version, stages: [...own, PREVIOUS] } : { ...version, stages: own };
  });
}

async function load(file: string): Promise<Record<string, StoredSecret>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new EngineError('database_foreign', `unable to read ${file}; ${reasonOf(error)}`);
  }
  try {
    const { secrets } = JSON.parse(text) as { secrets: Record<string, StoredSecret> };
    if (typeof secrets === 'object' && secrets !== null) return secrets;
  } catch {
    // Told below, without the parser's excerpt: it could hold a secret.
  }
  throw new EngineError('database_foreign', `unable to read ${file}; it does not hold this engine's secrets`);
}

async function save(file: string, secrets: Readonly<Record<string, StoredSecret>>): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, JSON.stringify({ secrets }), { mode: FILE_MODE });
  // The mode of writeFile counts for a new file only.
  await chmod(fresh, FILE_MODE);
  await rename(fresh, file);
}
