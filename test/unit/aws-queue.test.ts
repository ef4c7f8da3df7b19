import { describe, expect, it } from 'vitest';
import { type AwsRequest, AwsUnreachable } from '../../shared/aws/client.ts';
import { createQueue, LONGEST_DELAY_SECONDS, QueueError } from '../../shared/aws/queue.ts';

/** A queue whose calls are answered as scripted, then with success. */
function queueOf(...script: (number | 'unreachable' | string)[]) {
  const sent: AwsRequest[] = [];
  const queue = createQueue({
    origin: 'https://sqs.example.com',
    url: 'https://sqs.example.com/1/later',
    async send(request) {
      sent.push(request);
      const answer = script.shift() ?? 200;
      if (answer === 'unreachable') throw new AwsUnreachable('no answer');
      return typeof answer === 'number'
        ? { status: answer, body: '{}' }
        : { status: 400, body: JSON.stringify({ __type: `com.amazonaws.sqs#${answer}` }) };
    },
  });
  return { queue, sent, bodies: () => sent.map(({ body }) => JSON.parse(String(body ?? ''))) };
}

describe('a queue', () => {
  it('sends JSON, held back for whole seconds', async () => {
    const { queue, sent, bodies } = queueOf();
    await queue.send({ kind: 'look' }, 4.2);
    expect(sent[0]?.headers).toMatchObject({ 'x-amz-target': 'AmazonSQS.SendMessage' });
    expect(bodies()).toEqual([
      { QueueUrl: 'https://sqs.example.com/1/later', MessageBody: '{"kind":"look"}', DelaySeconds: 5 },
    ]);
  });

  it('holds nothing back for longer than SQS does, nor for less than no time', async () => {
    const { queue, bodies } = queueOf();
    await queue.send({}, 7_200);
    await queue.send({}, -3);
    expect(bodies().map(({ DelaySeconds }) => DelaySeconds)).toEqual([LONGEST_DELAY_SECONDS, 0]);
  });

  it('sends again what may heal', async () => {
    const { queue, sent } = queueOf('unreachable', 503, 'RequestThrottled');
    await queue.send({});
    expect(sent).toHaveLength(4);
  });

  it('gives up on a refusal, by its name', async () => {
    const { queue, sent } = queueOf('QueueDoesNotExist');
    await expect(queue.send({})).rejects.toEqual(new QueueError('QueueDoesNotExist'));
    expect(sent).toHaveLength(1);
  });

  it('gives up after a few attempts', async () => {
    const { queue, sent } = queueOf('unreachable', 'unreachable', 'unreachable', 'unreachable');
    await expect(queue.send({})).rejects.toThrow(AwsUnreachable);
    expect(sent).toHaveLength(4);
  });
});
