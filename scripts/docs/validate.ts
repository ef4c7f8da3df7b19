/** Whether the documents are what they say: by the validators of their own communities. */
import { Parser, stringify } from '@asyncapi/parser';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Json } from './schemas.ts';

/** Severities of the AsyncAPI parser that fail: errors and warnings; hints, such as one of a newer version, do not. */
const WARNING = 1;

/** @throws {Error} that names what the OpenAPI document breaks. */
export async function validateOpenApi(document: Json): Promise<void> {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  if (!valid) throw new Error(`unable to write openapi.json; ${JSON.stringify(errors)}`);
}

/**
 * @returns the document with its references resolved, as the parser's `stringify` writes it: what the viewer takes.
 * @throws {Error} that names what the AsyncAPI document breaks.
 */
export async function parseAsyncApi(source: Json): Promise<string> {
  const { document, diagnostics } = await new Parser().parse(JSON.stringify(source));
  const broken = diagnostics.filter(({ severity }) => severity <= WARNING);
  const parsed = document && stringify(document);
  if (parsed === undefined || broken.length > 0) {
    const reasons = broken.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`unable to write asyncapi.json; ${reasons.join('; ')}`);
  }
  return `${JSON.stringify(JSON.parse(parsed))}\n`;
}
