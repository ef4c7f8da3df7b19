import { describe, expect, it } from 'vitest';
import { property, type Resource, resources, synthesize } from './stack.ts';

const LIMITS = [
  'COMMANDS_PER_MINUTE',
  'COMMAND_BURST',
  'HTTP_CALLS_PER_MINUTE',
  'HTTP_CALL_BURST',
  'ADDRESS_CALLS_PER_MINUTE',
  'ADDRESS_CALL_BURST',
  'SAME_TEXT_PER_MINUTE',
  'LINKS_PER_MINUTE',
  'JOINS_PER_MINUTE',
  'MESSAGES_PER_SECOND_PER_ROOM',
] as const;

/** What each function is told of the limits, by what its description begins with. */
async function told(context: Readonly<Record<string, unknown>>) {
  const functions = [...resources(await synthesize(context), 'AWS::Lambda::Function').values()];
  const variables = (one: Resource) =>
    (property(one, 'Environment', 'Variables') ?? {}) as Readonly<Record<string, string>>;
  const of = (description: RegExp) => {
    const found = functions.find((one) => description.test(String(property(one, 'Description'))));
    if (!found) throw new Error(`there is no function of ${description}`);
    return Object.fromEntries(LIMITS.map((name) => [name, variables(found)[name]]));
  };
  return { send: of(/^Appends a message/), http: of(/^Answers every call of the HTTP API/) };
}

describe('limits', () => {
  it('are those of the protocol where nothing is set, and off for addresses', async () => {
    const { send, http } = await told({});
    expect(send).toMatchObject({
      COMMANDS_PER_MINUTE: '100',
      COMMAND_BURST: '30',
      SAME_TEXT_PER_MINUTE: '30',
      LINKS_PER_MINUTE: '30',
      JOINS_PER_MINUTE: '60',
      MESSAGES_PER_SECOND_PER_ROOM: '500',
    });
    expect(http).toMatchObject({
      HTTP_CALLS_PER_MINUTE: '100',
      HTTP_CALL_BURST: '30',
      ADDRESS_CALLS_PER_MINUTE: '0',
      SAME_TEXT_PER_MINUTE: '30',
      MESSAGES_PER_SECOND_PER_ROOM: '500',
    });
  });

  it('follow the commands’ where these are raised, and end where more can be sent than counted', async () => {
    const { http } = await told({ commandsPerMinute: 1_000_000, commandBurst: 100_000 });
    expect(http).toMatchObject({
      HTTP_CALLS_PER_MINUTE: '1000000',
      HTTP_CALL_BURST: '100000',
      SAME_TEXT_PER_MINUTE: '0',
      LINKS_PER_MINUTE: '0',
      JOINS_PER_MINUTE: '0',
      MESSAGES_PER_SECOND_PER_ROOM: '0',
    });
  });

  it('are what the context says, 0 for none', async () => {
    const { send, http } = await told({
      httpCallsPerMinute: 0,
      addressCallsPerMinute: '60',
      addressCallBurst: 5,
      sameTextPerMinute: 3,
      linksPerMinute: 0,
      joinsPerMinute: 7,
      messagesPerSecondPerRoom: 50,
    });
    expect(http).toMatchObject({
      HTTP_CALLS_PER_MINUTE: '0',
      ADDRESS_CALLS_PER_MINUTE: '60',
      ADDRESS_CALL_BURST: '5',
    });
    expect(send).toMatchObject({
      SAME_TEXT_PER_MINUTE: '3',
      LINKS_PER_MINUTE: '0',
      JOINS_PER_MINUTE: '7',
      MESSAGES_PER_SECOND_PER_ROOM: '50',
    });
  });

  it.each([
    [{ sameTextPerMinute: 1_001 }, /context sameTextPerMinute must be a whole number from 0 to 1000/],
    [{ messagesPerSecondPerRoom: 1_001 }, /context messagesPerSecondPerRoom must be .* to 1000/],
    [{ httpCallBurst: 0 }, /context httpCallBurst must be a whole number from 1/],
    [{ addressCallsPerMinute: -1 }, /context addressCallsPerMinute must be a whole number from 0/],
  ])('%j is refused', async (context, told) => {
    await expect(synthesize(context)).rejects.toThrow(told);
  });

  it('have API Gateway’s throttles beneath them on both APIs', async () => {
    const stages = [...resources(await synthesize(), 'AWS::ApiGatewayV2::Stage').values()];
    expect(stages).toHaveLength(2);
    for (const stage of stages) {
      expect(property(stage, 'DefaultRouteSettings')).toMatchObject({
        ThrottlingRateLimit: 2_000,
        ThrottlingBurstLimit: 1_000,
      });
    }
  });
});
