/** The HTTP API as an OpenAPI 3.1 document, made from the endpoints that are served. */
import { MAX_BODY_BYTES } from '../../functions/http/body.ts';
import type { Specification } from '../../functions/http/endpoint.ts';
import { type ErrorCode, HTTP_STATUS } from '../../shared/protocol/errors.ts';
import type { DescribedCall } from './document-calls.ts';
import type { ExampleRequest, Recording } from './examples/recording.ts';
import { Components, type Json } from './schemas.ts';

/** What any call can meet, whoever makes it. */
const COMMON: readonly ErrorCode[] = ['unavailable', 'internal'];

const STATUS_TEXT = { 200: 'Success.', 201: 'Made.', 204: 'Done.' } as const;

const MEANING: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'The request breaks a rule; `issues` says which.',
  unauthenticated: 'No valid credential.',
  forbidden: 'Not allowed to who asks.',
  not_found: 'It does not exist, or is hidden from who asks.',
  conflict: 'It is taken.',
  too_large: `The body is over ${MAX_BODY_BYTES / 1_024} KiB.`,
  rate_limited: 'Too fast: try again after `retryAfterMs`.',
  unavailable: 'Storage does not answer: try again.',
  internal: 'Something failed in the service.',
};

/** @param examples what a play of the story showed: an example of each call that it makes. */
export function openApi(calls: readonly DescribedCall[], version: string, examples: Recording): Json {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const call of calls) {
    const { path, method } = call.specification;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(call, components, examples) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Parley over HTTP',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'JSON in and out. An error is `{"error": {code, message, …}}`; its code has one status. ' +
        'Lists are paged: `cursor` of one page, if it has one, asks for the next.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(calls.map(({ specification }) => specification.tag))].map((name) => ({ name })),
    paths,
    components: {
      responses: responses(components, examples),
      schemas: components.schemas,
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

/** `make a ticket` → `makeATicket`. */
export function operationId({ operation }: Pick<Specification, 'operation'>): string {
  return operation.replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
}

function operation(
  { specification, open, type }: DescribedCall,
  components: Components,
  { calls }: Recording,
): Json {
  const example = calls[operationId(specification)];
  const { summary, tag, body, status, made, redirects, answer } = specification;
  const success = (of: keyof typeof STATUS_TEXT): Json => ({
    description: STATUS_TEXT[of],
    ...(type && { content: { [type]: { schema: { type: 'string' } } } }),
    ...(answer && {
      content: json(components.schema(answer, 'answer'), of === example?.status ? example.answer : undefined),
    }),
  });
  return {
    operationId: operationId(specification),
    summary,
    tags: [tag],
    security: open ? [] : [{ accessToken: [] }],
    ...parameters(specification, components, example?.request),
    ...(body && {
      requestBody: {
        required: true,
        content: json(components.schema(body, 'body'), example?.request.body),
      },
    }),
    responses: {
      [status]: success(status),
      ...(made && { [made]: success(made) }),
      ...(redirects && { 302: { description: 'It is at the address in `Location`.' } }),
      ...refusals(specification, open),
    },
  };
}

function json(schema: Json, example?: unknown): Json {
  return { 'application/json': { schema, ...(example !== undefined && { example }) } };
}

function parameters(
  { params, query }: Specification,
  components: Components,
  example: ExampleRequest = {},
): Json {
  const list = [
    ...(params ? fields(components.schema(params, 'parameter'), 'path', example.params) : []),
    ...(query ? fields(components.schema(query, 'parameter'), 'query', example.query) : []),
  ];
  return list.length > 0 ? { parameters: list } : {};
}

function fields(
  schema: Json,
  place: 'path' | 'query',
  examples: Readonly<Record<string, string | number>> = {},
): Json[] {
  const required = (schema.required ?? []) as readonly string[];
  return Object.entries(schema.properties as Json).map(([name, of]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: of,
    ...(examples[name] !== undefined && { example: examples[name] }),
  }));
}

/** The refusals that this call can give, by status. */
function refusals({ params, query, body, refusals = [] }: Specification, open: boolean): Json {
  const codes: ErrorCode[] = [
    ...(params || query || body ? (['bad_request'] as const) : []),
    ...(body ? (['too_large'] as const) : []),
    ...(open ? [] : (['unauthenticated'] as const)),
    ...refusals,
    ...COMMON,
  ];
  return Object.fromEntries(
    codes
      .sort((a, b) => HTTP_STATUS[a] - HTTP_STATUS[b])
      .map((code) => [HTTP_STATUS[code], { $ref: `#/components/responses/${code}` }]),
  );
}

/** Every refusal once, by code. */
function responses(components: Components, { refusals }: Recording): Json {
  const schema = {
    type: 'object',
    properties: { error: components.reference('Error') },
    required: ['error'],
  };
  return Object.fromEntries(
    Object.entries(MEANING).map(([code, description]) => [
      code,
      { description, content: json(schema, refusals[code as ErrorCode]) },
    ]),
  );
}
