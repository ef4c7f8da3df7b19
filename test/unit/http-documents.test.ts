import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import asyncApi from '../../docs/api/asyncapi.json' with { type: 'json' };
import recorded from '../../docs/api/examples.json' with { type: 'json' };
import openApi from '../../docs/api/openapi.json' with { type: 'json' };
import { endpoints } from '../../functions/http/endpoints.ts';
import { documentCalls } from '../../scripts/docs/document-calls.ts';
import type { Recording } from '../../scripts/docs/examples/recording.ts';
import { operationId } from '../../scripts/docs/openapi.ts';
import { COMMANDS, isAction } from '../../shared/protocol/commands.ts';
import { ErrorCode, HTTP_STATUS } from '../../shared/protocol/errors.ts';
import { Frame } from '../../shared/protocol/frames.ts';

/** Every `$ref` of a document. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
}

/** What a JSON pointer names; undefined where it names nothing. */
function resolve(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, name) => {
      const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
      return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    }, document);
}

const { calls, messages }: Recording = recorded;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security: readonly unknown[];
}
const operations = Object.entries(openApi.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
);

describe.each([
  ['openapi.json', openApi],
  ['asyncapi.json', asyncApi],
])('%s', (_, document) => {
  it('refers to nothing that is not in it', () => {
    const all = references(document);
    expect(all.length).toBeGreaterThan(20);
    for (const reference of all) expect(resolve(document, reference), reference).toBeDefined();
  });

  it('has no definition that is only a reference', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect(schema, name).not.toHaveProperty('$ref');
    }
  });

  it('defines nothing that it does not use', () => {
    const all = new Set(references(document));
    for (const name of Object.keys(document.components.schemas)) {
      expect(all.has(`#/components/schemas/${name}`), name).toBe(true);
    }
  });
});

describe('openapi.json', () => {
  it('has every call once, under an id of its own', () => {
    const described = [...endpoints, ...documentCalls];
    for (const { specification } of described) {
      const path: unknown = Reflect.get(openApi.paths, specification.path);
      expect(path, specification.path).toHaveProperty(specification.method.toLowerCase());
    }
    expect(operations).toHaveLength(described.length);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(described.length);
    for (const { operation } of operations) expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
  });

  it('has an example of each call, which a test executes', () => {
    const examples = Object.keys(calls);
    for (const { operation } of operations) expect(examples).toContain(operation.operationId);
    expect(examples).toHaveLength(operations.length);
  });

  it('has no field in an example that its schema does not know', () => {
    for (const { specification } of endpoints) {
      const { request, answer } = calls[operationId(specification)] ?? {};
      const { body, answer: schema } = specification;
      const what = specification.operation;
      if (body) expect(z.parse(body, request?.body), what).toEqual(request?.body);
      if (schema) expect(z.parse(schema, answer), what).toEqual(answer);
    }
  });

  it('declares the parameters of every path', () => {
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(named);
      expect(declared.every(({ required }) => required)).toBe(true);
    }
  });

  it('says who may call: everyone, or who has a token', () => {
    const guarded = operations.filter(({ operation }) => operation.security.length > 0);
    for (const { operation } of guarded) expect(operation.responses).toHaveProperty('401');
    const open = operations
      .filter(({ operation }) => operation.security.length === 0)
      .map(({ path }) => path);
    expect(open.sort()).toEqual([
      '/.well-known/jwks.json',
      '/api/asyncapi.json',
      '/api/auth/login',
      '/api/auth/refresh',
      '/api/auth/register',
      '/api/docs',
      '/api/openapi.json',
      '/health',
    ]);
  });

  it('knows every error code', () => {
    expect(Object.keys(openApi.components.responses).sort()).toEqual([...ErrorCode.options].sort());
    expect(openApi.components.schemas.Error.properties.code.enum).toEqual(Object.keys(HTTP_STATUS));
  });

  it('carries the bounds that only code checks', () => {
    const { requestBody } = openApi.paths['/api/rooms/{room}/messages'].post;
    const { text } = requestBody.content['application/json'].schema.properties;
    expect(text).toEqual({ type: 'string', minLength: 1, maxLength: 4_000 });
  });
});

describe('asyncapi.json', () => {
  it('has an example of each message, which a test executes', () => {
    for (const [name, message] of Object.entries(asyncApi.channels.socket.messages)) {
      expect(message, name).toHaveProperty('examples');
    }
  });

  it('has no field in an example that its schema does not know', () => {
    for (const [name, examples] of Object.entries(messages)) {
      for (const example of examples) {
        expect(z.parse(isAction(name) ? COMMANDS[name] : Frame, example), name).toEqual(example);
      }
    }
  });

  it('has a command, its reply, and an operation for each action', () => {
    const messages = Object.keys(asyncApi.channels.socket.messages);
    const received = Object.entries(asyncApi.operations).filter(([, { action }]) => action === 'receive');
    expect(received.length).toBeGreaterThan(5);
    for (const [action] of received) {
      expect(messages).toEqual(expect.arrayContaining([action, `${action}Reply`]));
    }
  });
});
