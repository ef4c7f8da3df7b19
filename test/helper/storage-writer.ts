/** A process that keeps values in a folder: `storage-writer.ts FOLDER NAME TIMES BYTES`. Says `ready`, begins when it is told anything, and says what was refused. */
import { once } from 'node:events';
import { fileStorage } from '../../client/node/file-storage.ts';

const [folder = '', name = '', times = '', bytes = ''] = process.argv.slice(2);
const storage = await fileStorage(folder);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
for (let round = 1; round <= Number(times); round++) {
  const value = { name, round, text: name.repeat(Number(bytes)) };
  for (const key of ['shared', `own/${name}`]) {
    await storage
      .set(key, value)
      .catch(({ code }: NodeJS.ErrnoException) => process.stdout.write(`${code}\n`));
  }
}
