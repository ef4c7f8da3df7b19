import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, it } from 'vitest';
import {
  changedSample,
  eventually,
  removeFolders,
  type SampleEngine,
  startSample,
  type Template,
} from './engine-helper.ts';

afterAll(removeFolders);

const ECHO = { 'Fn::GetAtt': ['Echo', 'Arn'] };

/** Lets a function note what it is given. */
function notes({ Resources }: Template, name: string): void {
  Object.assign(Resources[name]?.Properties ?? {}, { Handler: 'index.noteEvent' });
}

/** A rule as CDK's `events.Rule` with a `LambdaFunction` target declares it; the target notes what it is given. */
function addRule({ Resources }: Template, properties: object = {}, target: object = {}): void {
  Resources.Rotate = {
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression: 'rate(1 hour)',
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] }, Id: 'Target0', ...target }],
      ...properties,
    },
  };
  Resources.RotatePermission = {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Worker', 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['Rotate', 'Arn'] },
    },
  };
}

/** A schedule as CDK's `scheduler.Schedule` declares it, with the role that it invokes by. */
function addSchedule({ Resources }: Template, target: object = {}, action = 'lambda:InvokeFunction'): void {
  Resources.SchedulerRole = {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {},
      Policies: [
        {
          PolicyName: 'invoke',
          PolicyDocument: { Statement: [{ Effect: 'Allow', Action: action, Resource: ECHO }] },
        },
      ],
    },
  };
  Resources.Nightly = {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'rate(2 hours)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      State: 'ENABLED',
      Target: { Arn: ECHO, RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] }, ...target },
    },
  };
}

async function noted(engine: SampleEngine): Promise<unknown[]> {
  const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
  return Items.filter(({ pk }) => pk?.S?.startsWith('event')).map(({ value }) => JSON.parse(value?.S ?? ''));
}

/** The first events that the changed stack's schedules give. */
async function givenBy(change: (template: Template) => void, scheduleMinuteMs?: number): Promise<unknown[]> {
  const engine = await startSample({
    assemblyDirectory: await changedSample(change),
    ...(scheduleMinuteMs !== undefined && { scheduleMinuteMs }),
  });
  try {
    return await eventually(
      () => noted(engine),
      (list) => list.length > 0,
    );
  } finally {
    await engine.close();
  }
}

describe('a rule with a schedule', () => {
  it('invokes its function with the event of EventBridge, each time that it is due', async () => {
    const assemblyDirectory = await changedSample((template) => {
      notes(template, 'Worker');
      addRule(template);
    });
    const engine = await startSample({ assemblyDirectory, scheduleMinuteMs: 1 });
    try {
      const events = await eventually(
        () => noted(engine),
        (list) => list.length >= 3,
      );
      expect(events.length).toBeGreaterThanOrEqual(3);
      expect(events[0]).toEqual({
        version: '0',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        account: '000000000000',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/),
        region: 'us-east-1',
        resources: ['arn:aws:events:us-east-1:000000000000:rule/Sample-Rotate'],
        detail: {},
      });
    } finally {
      await engine.close();
    }
  });

  it('gives the input that it declares instead', async () => {
    const [event] = await givenBy((template) => {
      notes(template, 'Worker');
      addRule(template, {}, { Input: JSON.stringify({ keys: ['a', 1] }) });
    }, 1);
    expect(event).toEqual({ keys: ['a', 1] });
  });

  it('that is disabled invokes nothing', async () => {
    const assemblyDirectory = await changedSample((template) => addRule(template, { State: 'DISABLED' }));
    const engine = await startSample({ assemblyDirectory, scheduleMinuteMs: 1 });
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(engine.metrics().functions['Sample-Worker']?.invocations ?? 0).toBe(0);
    } finally {
      await engine.close();
    }
  });

  it('needs a permission of its function for the rule', async () => {
    const assemblyDirectory = await changedSample((template) => {
      addRule(template);
      delete template.Resources.RotatePermission;
    });
    await expect(startSample({ assemblyDirectory })).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('lets events.amazonaws.com invoke'),
    });
  });

  it.each([
    ['an event pattern', { EventPattern: { source: ['aws.s3'] } }, {}, /EventPattern/],
    [
      'an expression that can’t be read',
      { ScheduleExpression: 'rate(1 week)' },
      {},
      /ScheduleExpression.*no rate/,
    ],
    ['an input made from the event', {}, { InputPath: '$.time' }, /InputPath/],
    [
      'another target than a function',
      {},
      { Arn: 'arn:aws:sqs:us-east-1:000000000000:q' },
      /Target.*no function/,
    ],
  ])('with %s is refused by name', async (_, properties, target, reason) => {
    const assemblyDirectory = await changedSample((template) => addRule(template, properties, target));
    await expect(startSample({ assemblyDirectory })).rejects.toThrow(reason);
  });
});

describe('a schedule of EventBridge Scheduler', () => {
  it('invokes by its role, a rate at once, and fills in what it says of itself', async () => {
    const input = { of: '<aws.scheduler.schedule-arn>', at: '<aws.scheduler.scheduled-time>' };
    const [event] = await givenBy((template) => {
      notes(template, 'Echo');
      addSchedule(template, { Input: JSON.stringify(input) });
    });
    expect(event).toEqual({
      of: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/Sample-Nightly',
      at: expect.stringMatching(/:00Z$/),
    });
  });

  it('needs a role that may invoke', async () => {
    const assemblyDirectory = await changedSample((template) =>
      addSchedule(template, {}, 'lambda:GetFunction'),
    );
    await expect(startSample({ assemblyDirectory })).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringMatching(
        /unable to run the schedule .*Nightly; .* is denied lambda:InvokeFunction/,
      ),
    });
  });
});
