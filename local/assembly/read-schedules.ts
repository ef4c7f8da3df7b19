import { reasonOf } from '../errors.ts';
import { parseSchedule } from '../schedules/expression.ts';
import { isObject, objectOf } from './cloud-assembly.ts';
import type { FunctionModel, ScheduleModel, ScheduleTarget } from './model.ts';
import { functionArnOf } from './read-functions.ts';
import { type AssemblyReader, objectsOf, type ResolvedResource, textOf } from './reader.ts';
import { refuseProperties, unsupportedProperty } from './resource-types.ts';

/**
 * Rules with a schedule, and schedules of EventBridge Scheduler. What is declared for a target that can't be reached
 * (retries, dead letters) has no effect: a function always is.
 */
export function readSchedules(reader: AssemblyReader, functions: readonly FunctionModel[]): ScheduleModel[] {
  const rules = reader.ofType('AWS::Events::Rule').map((rule): ScheduleModel => {
    refuseProperties(rule.template, { EventPattern: 'the engine has no event bus, only schedules' });
    return {
      ...common(rule),
      source: 'aws.events',
      enabled: textOf(rule.properties.State) !== 'DISABLED',
      startsAtOnce: false,
      targets: objectsOf(rule.properties.Targets).map((target) => {
        for (const name of ['InputPath', 'InputTransformer']) {
          if (target[name] === undefined) continue;
          throw unsupportedProperty(rule.template, name, 'the engine gives the event, or a constant Input');
        }
        return readTarget(rule, target, functions);
      }),
    };
  });
  const schedules = reader.ofType('AWS::Scheduler::Schedule').map((schedule): ScheduleModel => {
    const { template, properties } = schedule;
    refuseProperties(template, {
      StartDate: 'the engine begins when it starts',
      EndDate: 'the engine ends when it is ended',
      GroupName: 'the engine knows the default group only',
    });
    const target = objectOf(properties.Target);
    return {
      ...common(schedule),
      source: 'aws.scheduler',
      enabled: textOf(properties.State) !== 'DISABLED',
      // A rate without a start date begins at once; cron and at wait for their time.
      startsAtOnce: String(properties.ScheduleExpression).startsWith('rate('),
      targets: [readTarget(schedule, target, functions)],
      roleArn: String(target.RoleArn),
    };
  });
  return [...rules, ...schedules];
}

function common({ origin, template, properties, identity }: ResolvedResource) {
  const expression = String(properties.ScheduleExpression);
  const timeZone = textOf(properties.ScheduleExpressionTimezone);
  try {
    parseSchedule(expression, timeZone);
  } catch (error) {
    throw unsupportedProperty(template, 'ScheduleExpression', reasonOf(error));
  }
  return {
    ...origin,
    name: identity.ref,
    arn: String(identity.attributes.Arn),
    expression,
    ...(timeZone !== undefined && { timeZone }),
  };
}

function readTarget(
  { template }: ResolvedResource,
  target: ReturnType<typeof objectOf>,
  functions: readonly FunctionModel[],
): ScheduleTarget {
  const functionArn = functionArnOf(String(target.Arn), functions);
  if (!functions.some(({ arn }) => arn === functionArn)) {
    throw unsupportedProperty(template, 'Target', `${String(target.Arn)} is no function of this stack`);
  }
  const { Input: given } = target;
  const input = isObject(given) ? JSON.stringify(given) : textOf(given);
  if (input !== undefined) {
    try {
      JSON.parse(input);
    } catch {
      throw unsupportedProperty(template, 'Input', `${input} is not JSON`);
    }
  }
  return { functionArn, ...(input !== undefined && { input }) };
}
