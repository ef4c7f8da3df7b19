import { join } from 'node:path';
import { build } from 'esbuild';

/** Compiles a peer to plain JavaScript, so that no compiler sits in its process when its memory is measured; gives the file. */
export async function buildPeer(name: 'socket-io' | 'ws' | 'loopback', root: string): Promise<string> {
  const outfile = join(root, 'dist', 'bench', 'peers', `${name}.js`);
  await build({
    entryPoints: [join(root, 'bench', 'peers', `${name}.ts`)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  return outfile;
}
