import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

// The SDK's clients, which tests use, warn on Node.js 20 of the Node.js that they will need one day.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** Vitest leaves a processor free; on two that would be one file at a time, and most tests wait more than they compute. */
const maxWorkers = 2;
/** The end-to-end suite waits for a service that all of its files share. On an emulator each function is a process that has to start. */
const endToEndWorkers = process.env.PARLEY_TARGET ? maxWorkers : 3;

/** Files that take tens of seconds, the longest first. Begun last, one of them would leave the other worker with nothing to do. */
const LONG = `
  grants hold scheduler presence-gateways bear matrix calls redrive presence members storage-large delivery-scheduler refusals-http
  refusals-rooms erase-account simulation talk files room-changes several-gateways presence-scheduler revocation-scheduler rotate-keys
  resume oidc faults-outage search-conversation`
  .trim()
  .split(/\s+/)
  .map((name) => `/${name}.test.ts`);

/** A clean clone remembers no durations to go by. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer['sort']>[0]): ReturnType<BaseSequencer['sort']> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: (typeof sorted)[number]): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

/**
 * Each project needs a little more than the one before: nothing, a database, a synthesized stack, the whole engine. Those that start
 * the whole of it come one after another (`groupOrder`): side by side they would measure each other.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], maxWorkers, isolate: false } },
      {
        test: {
          name: 'integration',
          maxWorkers,
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'infra',
          maxWorkers,
          include: ['test/infra/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'engine',
          maxWorkers,
          sequence: { groupOrder: 1 },
          include: ['test/{engine,client}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          maxWorkers: endToEndWorkers,
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'simulation',
          maxWorkers,
          sequence: { groupOrder: 3 },
          include: ['test/simulation/**/*.test.ts', 'test/properties/**/*.test.ts'],
          globalSetup: ['test/simulation/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          // A browser keeps both processors busy.
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'start',
          sequence: { groupOrder: 5 },
          include: ['test/start/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
