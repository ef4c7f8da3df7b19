import { describe, expect, it } from 'vitest';
import { type AwsRequest, AwsUnreachable } from '../../shared/aws/client.ts';
import { createTopic, TopicInDoubt, TopicRefusal } from '../../shared/aws/topic.ts';

const ARN = 'arn:aws:sns:us-east-1:1:news';

/** A topic whose calls are answered as scripted, then with success. */
function topicOf(...script: (number | 'unreachable' | string)[]) {
  const sent: AwsRequest[] = [];
  const topic = createTopic({
    origin: 'https://sns.example.com',
    arn: ARN,
    async send(request) {
      sent.push(request);
      const answer = script.shift() ?? 200;
      if (answer === 'unreachable') throw new AwsUnreachable('no answer');
      if (typeof answer === 'number') return { status: answer, body: '<PublishResponse/>' };
      return { status: 400, body: `<ErrorResponse><Error><Code>${answer}</Code></Error></ErrorResponse>` };
    },
  });
  return { topic, sent };
}

describe('a topic', () => {
  it('is published to by a form, with attributes to filter by', async () => {
    const { topic, sent } = topicOf();
    await topic.publish({ preview: 'a & b = ü' }, { user: 'bob', kind: 'mention' });
    expect(sent[0]).toMatchObject({ service: 'sns', method: 'POST', path: '/' });
    expect(Object.fromEntries(new URLSearchParams(String(sent[0]?.body)))).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: ARN,
      Message: '{"preview":"a & b = ü"}',
      'MessageAttributes.entry.1.Name': 'user',
      'MessageAttributes.entry.1.Value.DataType': 'String',
      'MessageAttributes.entry.1.Value.StringValue': 'bob',
      'MessageAttributes.entry.2.Name': 'kind',
      'MessageAttributes.entry.2.Value.DataType': 'String',
      'MessageAttributes.entry.2.Value.StringValue': 'mention',
    });
  });

  it('is asked again where it is throttled, as then nobody got the message', async () => {
    const { topic, sent } = topicOf('Throttled', 'ThrottledException');
    await topic.publish({}, {});
    expect(sent).toHaveLength(3);
  });

  it('refuses by name, at once where that heals nothing, after a few attempts where it might', async () => {
    const { topic, sent } = topicOf('AuthorizationError');
    await expect(topic.publish({}, {})).rejects.toEqual(new TopicRefusal('AuthorizationError'));
    expect(sent).toHaveLength(1);
    const busy = topicOf('Throttled', 'Throttled', 'Throttled', 'Throttled', 'Throttled');
    await expect(busy.topic.publish({}, {})).rejects.toEqual(new TopicRefusal('Throttled'));
    expect(busy.sent).toHaveLength(4);
  });

  it.each([500, 503, 'unreachable'])('is in doubt after %s, and not asked again', async (answer) => {
    const { topic, sent } = topicOf(answer);
    await expect(topic.publish({}, {})).rejects.toThrow(TopicInDoubt);
    expect(sent).toHaveLength(1);
  });
});
