/** Messages of a queue, taken one after the other and deleted when they are done with. */
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetters } from './stack.ts';

/** Until a message that was taken and not deleted is seen again: longer than the settler may take. Seconds. */
const HIDDEN_SECONDS = 120;
/** What SQS gives at once, at most. */
const AT_ONCE = 10;
/** A queue is empty when it gives nothing for so long, seconds: SQS asks all of its servers then. */
const WAIT_SECONDS = 1;

/**
 * Hands over each message that the queue holds now; those that are done with are deleted. Each is met once, so a message that is left, or that
 * comes back, does not hold this up.
 *
 * @param done whether the message may go.
 */
export async function drain(
  sqs: SQSClient,
  QueueUrl: string,
  done: (message: Message) => Promise<boolean>,
): Promise<void> {
  const met = new Set<string>();
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: AT_ONCE,
        VisibilityTimeout: HIDDEN_SECONDS,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageAttributeNames: ['All'],
      }),
    );
    const fresh = Messages.filter(({ MessageId = '' }) => !met.has(MessageId));
    if (fresh.length === 0) return;
    for (const message of fresh) {
      met.add(message.MessageId ?? '');
      if (!(await done(message))) continue;
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    }
  }
}

/**
 * Moves what a queue's function could not do back to the queue. Sent first, then deleted: who is interrupted in between sends a message twice,
 * which every task of Parley's takes without harm.
 *
 * @returns how many.
 */
export async function moveBack(sqs: SQSClient, { failures, queue }: DeadLetters): Promise<number> {
  let moved = 0;
  await drain(sqs, failures, async ({ Body, MessageAttributes }) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: Body, MessageAttributes }));
    moved += 1;
    return true;
  });
  return moved;
}
