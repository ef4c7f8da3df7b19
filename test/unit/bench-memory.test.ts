import { expect, it } from 'vitest';
import { parseProcesses, treeOf } from '../../bench/memory.ts';

const OUTPUT = `    1     0   1000     9 init
   10     1  20480     3 node scripts/start.ts --port 0
   11    10  10240     1 dynoxide serve
   12    11   5120     0 helper
   20     1  99999     5 someone else
`;

it('a process tree is the process and all that descend from it', () => {
  const tree = treeOf(10, parseProcesses(OUTPUT));
  expect(tree.map(({ pid }) => pid)).toEqual([10, 11, 12]);
  expect(tree.reduce((sum, { resident }) => sum + resident, 0)).toBe(35_840);
  expect(tree[0]).toMatchObject({ cpu: 3, command: 'node scripts/start.ts --port 0' });
});

it('a process that has ended has no tree', () => {
  expect(treeOf(77, parseProcesses(OUTPUT))).toEqual([]);
});
