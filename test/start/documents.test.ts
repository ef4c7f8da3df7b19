/** Every example of the documents, executed: the story that they are moments of, played again on a service of its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playExamples } from '../../scripts/docs/examples/play.ts';
import type { Recording } from '../../scripts/docs/examples/recording.ts';
import { type Started, startService } from '../helper/start.ts';

let service: Started;
let recorded: Recording;
let played: Recording;
beforeAll(async () => {
  service = await startService({});
  const path = join(import.meta.dirname, '../../docs/api/examples.json');
  recorded = JSON.parse(await readFile(path, 'utf8'));
  played = await playExamples(service);
});
afterAll(() => service?.close());

describe('the examples of the documents', () => {
  it('are answered so, call by call', () => {
    expect(Object.keys(recorded.calls).length).toBeGreaterThan(15);
    for (const [operation, example] of Object.entries(recorded.calls)) {
      expect(played.calls[operation], operation).toEqual(example);
    }
    expect(Object.keys(played.calls)).toEqual(Object.keys(recorded.calls));
  });

  it('are refused so, code by code', () => {
    expect(played.refusals).toEqual(recorded.refusals);
  });

  it('are sent and heard so, message by message, each field in its place', () => {
    expect(Object.keys(recorded.messages).length).toBeGreaterThan(15);
    for (const [message, examples] of Object.entries(recorded.messages)) {
      expect(JSON.stringify(played.messages[message]), message).toBe(JSON.stringify(examples));
    }
    expect(Object.keys(played.messages)).toEqual(Object.keys(recorded.messages));
  });
});
