/** What `Publish` and `PublishBatch` say, in the query protocol: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
import { ServiceError } from '../services/call.ts';
import type { MessageAttribute, MessageAttributes } from './notification.ts';

/** Of a message with its attributes, and of a batch of them: https://docs.aws.amazon.com/general/latest/gr/sns.html */
export const MESSAGE_BYTES = 256 * 1024;
const SUBJECT_CHARACTERS = 100;

export interface PublishInput {
  readonly subject?: string;
  readonly attributes: MessageAttributes;
  readonly textFor: (protocol: string) => string;
  readonly bytes: number;
}

/**
 * @param prefix - where in the request the message stands: nothing, or `PublishBatchRequestEntries.member.1.`
 * @throws ServiceError `InvalidParameter`
 */
export function readPublish(form: URLSearchParams, prefix = ''): PublishInput {
  const message = form.get(`${prefix}Message`) ?? '';
  const subject = form.get(`${prefix}Subject`) ?? undefined;
  if (message === '') throw invalid('Empty message');
  if (subject !== undefined && (subject === '' || subject.length > SUBJECT_CHARACTERS))
    throw invalid('Subject');
  const attributes = readAttributes(form, `${prefix}MessageAttributes.entry.`);
  const bytes = Buffer.byteLength(message) + Buffer.byteLength(JSON.stringify(attributes));
  if (Buffer.byteLength(message) > MESSAGE_BYTES) throw invalid('Message too long');
  return {
    ...(subject !== undefined && { subject }),
    attributes,
    textFor: form.get(`${prefix}MessageStructure`) === 'json' ? textsOf(message) : () => message,
    bytes,
  };
}

/** A text for each protocol, and a default: https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html */
function textsOf(message: string): (protocol: string) => string {
  let texts: Record<string, unknown> = {};
  try {
    texts = Object(JSON.parse(message));
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  const fallback = texts.default;
  if (typeof fallback !== 'string')
    throw invalid('Message Structure - No default entry in JSON message body');
  return (protocol) => {
    const text = Object.hasOwn(texts, protocol) ? texts[protocol] : fallback;
    return typeof text === 'string' ? text : fallback;
  };
}

function readAttributes(form: URLSearchParams, prefix: string): MessageAttributes {
  const attributes: Record<string, MessageAttribute> = {};
  for (let index = 1; form.has(`${prefix}${index}.Name`); index++) {
    const at = `${prefix}${index}.`;
    const name = form.get(`${at}Name`) ?? '';
    const DataType = form.get(`${at}Value.DataType`) ?? '';
    const text = form.get(`${at}Value.StringValue`);
    const binary = form.get(`${at}Value.BinaryValue`);
    if (!/^(String|Number|Binary)(\..+)?$/.test(DataType) || (text ?? binary ?? '') === '') {
      throw invalid(`The message attribute '${name}' must contain a valid type and a non-empty value`);
    }
    if (DataType.startsWith('Number') && !Number.isFinite(Number(text))) {
      throw invalid(`Could not cast message attribute '${name}' value to number`);
    }
    attributes[name] = {
      DataType,
      ...(text !== null && { StringValue: text }),
      ...(binary !== null && { BinaryValue: binary }),
    };
  }
  return attributes;
}

function invalid(what: string): ServiceError {
  return new ServiceError('InvalidParameter', `Invalid parameter: ${what}`);
}
