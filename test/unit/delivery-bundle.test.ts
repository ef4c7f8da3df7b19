import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

async function inputsOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: new URL('../..', import.meta.url).pathname,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  return Object.keys(metafile.inputs);
}

describe('the bundle of the fan-out', () => {
  it.each(['functions/streams/fan-out.ts', 'functions/streams/fan-out-shard.ts'])(
    'of %s holds no SDK client: loading one takes longer than a whole fan-out',
    async (entry) => {
      const inputs = await inputsOf(entry);
      expect(inputs.some((path) => path.includes('undici'))).toBe(true);
      expect(inputs.filter((path) => /@aws-sdk\/client-|@smithy\/smithy-client/.test(path))).toEqual([]);
    },
  );
});
