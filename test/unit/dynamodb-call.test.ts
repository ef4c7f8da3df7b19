import { describe, expect, it } from 'vitest';
import { type AwsRequest, type AwsResponse, AwsUnreachable } from '../../shared/aws/client.ts';
import { createDynamoCall, DynamoError, DynamoUnavailable } from '../../shared/data/dynamodb.ts';

const OK: AwsResponse = { status: 200, body: '{"Item":{"pk":{"S":"a"}}}' };

function refused(type: string, status = 400): AwsResponse {
  return {
    status,
    body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no' }),
  };
}

/** A call over a sender that gives these answers in turn, and what it was asked and how long it paused. */
function scripted(answers: readonly (AwsResponse | Error)[]) {
  const asked: AwsRequest[] = [];
  const pauses: number[] = [];
  const call = createDynamoCall({
    origin: 'http://127.0.0.1',
    random: () => 1,
    sleep: async (ms) => void pauses.push(ms),
    send: async (request) => {
      asked.push(request);
      const answer = answers[asked.length - 1];
      if (!answer) throw new Error('asked more often than foreseen');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { call, asked, pauses };
}

describe('a call to DynamoDB', () => {
  it('names the operation and gives the parsed output', async () => {
    const { call, asked } = scripted([OK]);
    expect(await call('GetItem', { TableName: 'Chat' })).toEqual({ Item: { pk: { S: 'a' } } });
    expect(asked[0]).toMatchObject({
      body: '{"TableName":"Chat"}',
      headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    });
  });

  it('tries again what can heal, with doubling pauses', async () => {
    const { call, asked, pauses } = scripted([
      refused('ThrottlingException'),
      refused('InternalServerError', 500),
      { status: 503, body: '<html>' },
      new AwsUnreachable('reset'),
      OK,
    ]);
    await call('PutItem', {});
    expect(asked).toHaveLength(5);
    expect(pauses).toEqual([50, 100, 200, 400]);
  });

  it('gives up after five attempts, and says that the outcome is not known', async () => {
    const { call, asked } = scripted(Array.from({ length: 6 }, () => new AwsUnreachable('reset')));
    await expect(call('PutItem', {})).rejects.toBeInstanceOf(DynamoUnavailable);
    expect(asked).toHaveLength(5);
  });

  it('does not repeat what can’t heal', async () => {
    const { call, asked } = scripted([refused('ConditionalCheckFailedException')]);
    const error = await call('PutItem', {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DynamoError);
    expect(error).toMatchObject({ code: 'ConditionalCheckFailedException' });
    expect(asked).toHaveLength(1);
  });

  it('passes on an error that is not the network’s', async () => {
    const { call } = scripted([new TypeError('a bug')]);
    await expect(call('PutItem', {})).rejects.toBeInstanceOf(TypeError);
  });
});
