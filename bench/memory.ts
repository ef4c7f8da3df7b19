import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process as `ps` tells of it. */
export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  /** Resident set, KiB. */
  readonly resident: number;
  /** Processor time used so far, seconds. */
  readonly cpu: number;
  readonly command: string;
}

/** Reads `ps -A -o pid=,ppid=,rss=,cputimes=,args=`. */
export function parseProcesses(output: string): ProcessLine[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid, parent, resident, cpu, command = ''] = match;
    return [
      { pid: Number(pid), parent: Number(parent), resident: Number(resident), cpu: Number(cpu), command },
    ];
  });
}

/** A process and all that descend from it. */
export function treeOf(root: number, processes: readonly ProcessLine[]): ProcessLine[] {
  const found = processes.filter((process) => process.pid === root);
  for (let i = 0; i < found.length; i++) {
    const parent = found[i]?.pid;
    found.push(...processes.filter((process) => process.parent === parent));
  }
  return found;
}

/** How often the tree is looked at, ms: `ps` costs some milliseconds of one core. */
const INTERVAL = 500;

export interface MemoryResult {
  /** The highest sum seen, MiB. */
  readonly peakMiB: number;
  /** What it was made of at that moment, MiB by command. */
  readonly processes: ReadonlyArray<{ readonly command: string; readonly mib: number }>;
  /** Processor seconds that the tree used while watched, whole seconds by `ps`'s grain. */
  readonly cpuSeconds: number;
}

/** Watches the memory of a process tree until `stop`. */
export function watchMemory(root: number): { stop(): Promise<MemoryResult> } {
  let peak: ProcessLine[] = [];
  let peakSum = 0;
  let firstCpu: number | undefined;
  let lastCpu = 0;
  let stopped = false;
  const look = async (): Promise<void> => {
    const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,ppid=,rss=,cputimes=,args='], {
      maxBuffer: 16 * 1024 * 1024,
    });
    const tree = treeOf(root, parseProcesses(stdout));
    const sum = tree.reduce((total, process) => total + process.resident, 0);
    lastCpu = tree.reduce((total, process) => total + process.cpu, 0);
    firstCpu ??= lastCpu;
    if (sum > peakSum) [peak, peakSum] = [tree, sum];
  };
  const watching = (async () => {
    while (!stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
    await look();
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return {
        peakMiB: peakSum / 1024,
        processes: peak.map(({ command, resident }) => ({ command: nameOf(command), mib: resident / 1024 })),
        cpuSeconds: lastCpu - (firstCpu ?? 0),
      };
    },
  };
}

/** A command without the folders it lives in. */
function nameOf(command: string): string {
  return command
    .split(' ')
    .slice(0, 4)
    .map((word) => word.split('/').at(-1))
    .join(' ');
}
