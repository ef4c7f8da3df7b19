/** What custom resources answer, and what becomes of those that are replaced or no longer declared. */
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, it } from 'vitest';
import {
  changedSample,
  removeFolders,
  type SampleEngine,
  startSample,
  type Template,
  temporaryFolder,
} from './engine-helper.ts';

afterAll(removeFolders);

const VALUE = { 'Fn::GetAtt': ['Token', 'Value'] };

/** Lets the sample's custom resource answer, and a function, another custom resource and an output use the answer. */
function useAnswer(template: Template, data: object = { Value: 'made', Parts: [1] }): void {
  const { Resources, Outputs } = template;
  Object.assign(Resources.Token?.Properties ?? {}, { Data: data });
  const environment = Resources.Echo?.Properties.Environment as { Variables: Record<string, unknown> };
  environment.Variables.MADE = { 'Fn::Join': ['-', ['it', 'is', VALUE]] };
  Resources.Second = {
    Type: 'Custom::Second',
    Properties: { ServiceToken: { 'Fn::GetAtt': ['Maker', 'Arn'] }, From: { deep: [VALUE] }, Id: 'second' },
  };
  Outputs.Made = { Value: { 'Fn::Sub': `\${Token.Value} \${Token.Parts}` } };
}

/** Events of the function behind the custom resources, by the resource's logical id or the kind of request. */
async function noted(engine: SampleEngine): Promise<Map<string, unknown>> {
  const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
  return new Map(Items.map(({ pk, value }) => [pk?.S ?? '', JSON.parse(value?.S ?? 'null')]));
}

async function withEngine<T>(
  change: (template: Template) => void,
  use: (engine: SampleEngine) => Promise<T>,
  dataDirectory?: string,
): Promise<T> {
  const assemblyDirectory = await changedSample(change);
  const engine = await startSample({
    assemblyDirectory,
    ...(dataDirectory !== undefined && { dataDirectory }),
  });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

describe('what a custom resource answers', () => {
  it('is an attribute of it, for functions, other custom resources and outputs', async () => {
    await withEngine(useAnswer, async (engine) => {
      expect(await engine.post('invoke', { variable: 'MADE' })).toMatchObject({
        payload: { value: 'it-is-made' },
      });
      expect((await noted(engine)).get('made Second')).toMatchObject({
        RequestType: 'Create',
        ResourceProperties: { From: { deep: ['made'] } },
      });
      expect(engine.outputs.Made).toBe('made [1]');
    });
  });

  it('is kept with the data', async () => {
    const data = join(await temporaryFolder(), 'data');
    await withEngine(useAnswer, async () => {}, data);
    await withEngine(
      useAnswer,
      async (engine) => {
        expect(await engine.post('invoke', { variable: 'MADE' })).toMatchObject({
          payload: { value: 'it-is-made' },
        });
        expect((await noted(engine)).get('custom Update')).toBeUndefined();
      },
      data,
    );
  });

  it('that lacks an attribute ends the start', async () => {
    await expect(
      withEngine(
        (template) => useAnswer(template, {}),
        async () => {},
      ),
    ).rejects.toMatchObject({
      code: 'custom_resource_failed',
      message: 'unable to resolve Fn::GetAtt Token.Value; the custom resource did not answer it',
    });
  });
});

describe('a custom resource of kept data', () => {
  it('that an update replaces is deleted afterwards', async () => {
    const data = join(await temporaryFolder(), 'data');
    const named = (Id: string) => (template: Template) =>
      Object.assign(template.Resources.Token?.Properties ?? {}, { Id });
    await withEngine(named('one'), async () => {}, data);
    await withEngine(
      named('two'),
      async (engine) => {
        const events = await noted(engine);
        expect(events.get('custom Update')).toMatchObject({ PhysicalResourceId: 'one' });
        expect(events.get('custom Delete')).toMatchObject({
          PhysicalResourceId: 'one',
          ResourceProperties: { Id: 'one' },
        });
      },
      data,
    );
  });

  it('that is no longer declared is deleted, once', async () => {
    const data = join(await temporaryFolder(), 'data');
    await withEngine(useAnswer, async () => {}, data);
    const deletions = () =>
      withEngine(
        () => {},
        async (engine) => (await noted(engine)).get('custom Delete') as { RequestId: string } | undefined,
        data,
      );
    const first = await deletions();
    expect(first).toMatchObject({ LogicalResourceId: 'Second', PhysicalResourceId: 'second' });
    expect(await deletions()).toEqual(first);
  });
});
