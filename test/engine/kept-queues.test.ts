import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { QueueModel } from '../../local/assembly/model.ts';
import { QueueJournal } from '../../local/services/queue-journal.ts';
import { type QueueMessage, QueueService } from '../../local/services/queues.ts';
import { removeFolders, temporaryFolder } from './engine-helper.ts';

const services: QueueService[] = [];
let file: string;

beforeEach(async () => {
  file = join(await temporaryFolder(), 'queues.jsonl');
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
  await removeFolders();
});

function queue(name: string, attributes: Record<string, string> = {}): QueueModel {
  return {
    name,
    arn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    // Another port at each start.
    url: `http://127.0.0.1:${4_000 + services.length}/000000000000/${name}`,
    attributes,
    logicalId: name,
    constructPath: name,
  };
}

/** A service on the file. Nothing ends the one before: it may have been killed. */
async function started(names: Readonly<Record<string, Record<string, string>>> = { Work: {}, Other: {} }) {
  const queues = Object.entries(names).map(([name, attributes]) => queue(name, attributes));
  const service = new QueueService('us-east-1');
  await service.create(queues, file);
  services.push(service);
  const urlOf = (name: string) => queues.find((one) => one.name === name)?.url ?? '';
  const call = <Output>(operation: string, name: string, input: Record<string, unknown> = {}) =>
    service.call<Output>(operation, urlOf(name), input);
  return {
    call,
    send: (name: string, MessageBody: string, more: object = {}) =>
      call('SendMessage', name, { MessageBody, ...more }),
    async receive(name: string) {
      const input = { MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
      return (await call<{ Messages?: QueueMessage[] }>('ReceiveMessage', name, input)).Messages ?? [];
    },
  };
}

const bodies = (messages: readonly QueueMessage[]) => messages.map(({ Body }) => Body).sort();

describe('messages of queues, with a file to keep them in', () => {
  it('are there again after a kill, but for what was deleted', async () => {
    const first = await started();
    const attributes = { MessageAttributes: { kind: { DataType: 'String', StringValue: 'a' } } };
    await first.send('Work', 'one', attributes);
    const entries = ['two', 'three', 'four'].map((MessageBody, index) => ({
      Id: String(index),
      MessageBody,
    }));
    await first.call('SendMessageBatch', 'Work', { Entries: entries });
    await first.send('Other', 'five');
    const received = await first.receive('Work');
    const handleOf = (body: string) => received.find(({ Body }) => Body === body)?.ReceiptHandle;
    await first.call('DeleteMessage', 'Work', { ReceiptHandle: handleOf('two') });
    await first.call('DeleteMessageBatch', 'Work', {
      Entries: [{ Id: 'a', ReceiptHandle: handleOf('three') }],
    });

    const second = await started();
    // What was in somebody's hands can be seen at once.
    const found = await second.receive('Work');
    expect(bodies(found)).toEqual(['four', 'one']);
    expect(found.find(({ Body }) => Body === 'one')?.MessageAttributes).toMatchObject({
      kind: { StringValue: 'a' },
    });
    expect(bodies(await second.receive('Other'))).toEqual(['five']);
    for (const { ReceiptHandle } of found) await second.call('DeleteMessage', 'Work', { ReceiptHandle });

    const third = await started();
    expect(await third.receive('Work')).toEqual([]);
    await third.call('PurgeQueue', 'Other');
    expect(await (await started()).receive('Other')).toEqual([]);
  });

  it('stay held back for what is left of their time', async () => {
    const first = await started({ Work: {}, Slow: { DelaySeconds: '900' } });
    await first.send('Work', 'soon', { DelaySeconds: 1 });
    await first.send('Slow', 'later');
    const second = await started({ Work: {}, Slow: {} });
    expect(await second.receive('Work')).toEqual([]);
    expect(await second.receive('Slow')).toEqual([]);
    await expect.poll(async () => bodies(await second.receive('Work')), { timeout: 5_000 }).toEqual(['soon']);
  });

  it('are gone where their queue is, or their time is over', async () => {
    const first = await started();
    await first.send('Other', 'without a queue');
    await first.send('Work', 'too old');
    const text = await readFile(file, 'utf8');
    const old = text.replace(/"sentAt":\d+(?=.*too old|,"visibleAt":\d+}}\n$)/, '"sentAt":1000');
    await writeFile(file, old);
    const second = await started({ Work: {} });
    expect(await second.receive('Work')).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe('');
  });

  it('are read though the last line was cut off, and lie where only the user can read them', async () => {
    await (await started()).send('Work', 'whole');
    await appendFile(file, '{"sent":{"id":"half');
    const second = await started();
    expect(bodies(await second.receive('Work'))).toEqual(['whole']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('are not looked for in a file of another program', async () => {
    for (const text of ['hello\n', '[1]\n', '{"a":1}\n']) {
      await writeFile(file, text);
      await expect(started()).rejects.toMatchObject({ code: 'database_foreign' });
      expect(await readFile(file, 'utf8')).toBe(text);
    }
  });

  it('leave no traces for ever', async () => {
    const message = (id: string) => ({ id, queue: 'Work', body: 'x', sentAt: 1, visibleAt: 1 });
    const journal = await QueueJournal.open(file, async () => []);
    await journal.sent([message('stays')]);
    // Told in the other order, as may happen.
    await journal.gone(['hasty']);
    await journal.sent([message('hasty')]);
    const many = Array.from({ length: 5_000 }, (_, index) => message(`m${index}`));
    await journal.sent(many);
    await journal.gone(many.map(({ id }) => id));
    await journal.sent([message('after')]);
    await journal.close();
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).sent.id)).toEqual(['stays', 'after']);
  });
});
