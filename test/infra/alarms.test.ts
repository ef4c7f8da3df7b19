import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resources, synthesize } from './stack.ts';

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading: string) => heading.toLowerCase().replaceAll(' ', '-');

describe('alarms', () => {
  it('tell what to do, in a section of the runbook that exists, and every section has an alarm', async () => {
    const runbook = await readFile(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (.+)\n\n(?!No alarm)/gm)].map(([, heading = '']) =>
      anchor(heading),
    );
    const linked = [...resources(await synthesize(), 'AWS::CloudWatch::Alarm').values()].map(
      (alarm) => /docs\/runbook\.md#([a-z-]+)$/.exec(String(alarm.Properties.AlarmDescription))?.[1],
    );
    expect(linked.sort()).toEqual(sections.sort());
  });

  it('of a webhook are there with it', async () => {
    const template = await synthesize({ webhookUrl: 'https://example.com/hook' });
    const texts = [...resources(template, 'AWS::CloudWatch::Alarm').values()].map(({ Properties }) =>
      String(Properties.AlarmDescription),
    );
    const runbook = await readFile(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
    expect(texts.filter((text) => text.endsWith('docs/runbook.md#webhook-failures'))).toHaveLength(1);
    expect(runbook).toContain('### Webhook failures');
  });

  it('are quiet while nobody talks', async () => {
    for (const alarm of resources(await synthesize(), 'AWS::CloudWatch::Alarm').values()) {
      expect(alarm.Properties).toMatchObject({ TreatMissingData: 'notBreaching' });
    }
  });
});
