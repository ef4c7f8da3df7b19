import type { TestProject } from 'vitest/node';
import { provideService } from '../helper/start.ts';

/** As in the end-to-end suite, but with the rate limits out of the way: they have a test there. */
export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return provideService(project, { commandsPerMinute: '1000000', commandBurst: '100000' });
}
