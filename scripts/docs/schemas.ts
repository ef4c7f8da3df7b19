/** JSON Schema (2020-12) from the protocol's zod schemas, with the named ones as components. */
import * as z from 'zod/mini';
import { PublicKey } from '../../shared/data/public-keys.ts';
import { WireError } from '../../shared/protocol/errors.ts';
import { Message, RoomEvent } from '../../shared/protocol/events.ts';
import { SyncedRoom } from '../../shared/protocol/frames.ts';
import { JoinedRoom, Member, Room, Tokens, User } from '../../shared/protocol/rest.ts';

export type Json = { readonly [name: string]: unknown };

/** Schemas that both documents refer to by name. */
const NAMED = {
  User,
  Tokens,
  Room,
  JoinedRoom,
  Member,
  Message,
  RoomEvent,
  SyncedRoom,
  PublicKey,
  Error: WireError,
};

/** What a client may send is described as it is sent; a path's and a query's values as what they mean, not as text. */
export type Side = 'body' | 'parameter' | 'answer';

/** Collects the named schemas that a document comes to use. */
export class Components {
  readonly #registry = z.registry<{ id: string }>();
  readonly #used = new Map<string, Json>();

  constructor() {
    for (const [id, schema] of Object.entries(NAMED)) this.#registry.add(schema, { id });
  }

  /** A schema for the document, in which what is named is a reference. */
  schema(schema: z.core.$ZodType, side: Side): Json {
    const {
      $schema: _,
      $defs,
      ...own
    } = z.toJSONSchema(schema, {
      metadata: this.#registry,
      io: side === 'parameter' ? 'output' : 'input',
      override: ({ zodSchema, jsonSchema }) => describe(zodSchema, jsonSchema),
    });
    for (const [name, definition] of Object.entries($defs ?? {})) {
      this.#used.set(name, refer(definition) as Json);
    }
    return refer(own) as Json;
  }

  /** A reference to a named schema. */
  reference(name: keyof typeof NAMED): Json {
    return this.schema(NAMED[name], 'answer');
  }

  /** `components.schemas`: what was used, by name. */
  get schemas(): Json {
    return Object.fromEntries([...this.#used].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Adds what a check says of itself (`characters`), takes away what says nothing: a bound that only means "a safe integer". */
function describe(schema: z.core.$ZodType, json: z.core.JSONSchema.BaseSchema): void {
  const { minLength, maxLength } = z.globalRegistry.get(schema) ?? {};
  if (typeof minLength === 'number') json.minLength = minLength;
  if (typeof maxLength === 'number') json.maxLength = maxLength;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (json.format === 'date-time') delete json.pattern;
}

/** From `$defs` of one schema to the components of the document. */
function refer(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(refer);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) =>
      key === '$ref' && typeof value === 'string'
        ? [key, value.replace('#/$defs/', '#/components/schemas/')]
        : [key, refer(value)],
    ),
  );
}
