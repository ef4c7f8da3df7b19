/** Tags of objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
import { checkTags } from './description.ts';
import { StorageError } from './errors.ts';
import { find, type Operation, type OperationCall, onObject, readText, XML } from './operation.ts';
import { childrenOf, document, element, parseXml, textOf } from './xml.ts';

/** Ten tags, each as long as may be. */
const TAGGING_BYTES = 64 * 1024;

/** Tags as a document has them. @throws StorageError `MalformedXML` */
export function parseTagging(text: string): [key: string, value: string][] {
  const root = parseXml(text);
  const set = root?.name === 'Tagging' ? childrenOf(root, 'TagSet')[0] : undefined;
  if (!set) throw new StorageError('MalformedXML');
  return childrenOf(set, 'Tag').map((tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? '']);
}

export const getObjectTagging: Operation = {
  name: 'GetObjectTagging',
  permissions: onObject('GetObjectTagging'),
  async run(call) {
    const tags = Object.entries(find(call).tags).map(([key, value]) =>
      element('Tag', [element('Key', key), element('Value', value)]),
    );
    return { status: 200, headers: XML, body: document('Tagging', [element('TagSet', tags)]) };
  },
};

export const putObjectTagging: Operation = {
  name: 'PutObjectTagging',
  permissions: onObject('PutObjectTagging'),
  async run(call) {
    await setTags(call, checkTags(parseTagging(await readText(call, TAGGING_BYTES))));
    call.notify({ bucket: call.model, name: 'ObjectTagging:Put', key: call.request.key });
    return { status: 200 };
  },
};

export const deleteObjectTagging: Operation = {
  name: 'DeleteObjectTagging',
  permissions: onObject('DeleteObjectTagging'),
  async run(call) {
    await setTags(call, {});
    call.notify({ bucket: call.model, name: 'ObjectTagging:Delete', key: call.request.key });
    return { status: 204 };
  },
};

async function setTags(call: OperationCall, tags: Readonly<Record<string, string>>): Promise<void> {
  const { key } = find(call);
  await call.store.change(key, (object) => ({ ...object, tags }));
}
