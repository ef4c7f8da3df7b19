import type { TestProject } from 'vitest/node';
import { provideService } from '../helper/start.ts';

/** The endpoint of `PARLEY_HTTP` and `PARLEY_WS`, or an engine with the default limits. */
export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return provideService(project, {});
}
