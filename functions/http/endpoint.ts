/**
 * One call of the HTTP API: its method, path, schemas and handler in one value, from which both the routes and the OpenAPI
 * document are made.
 */
import type * as z from 'zod/mini';
import type { Identity } from '../../shared/auth/identity.ts';
import { unauthenticated } from '../../shared/auth/identity.ts';
import type { Charge } from '../../shared/chat/charge.ts';
import { isLetIn } from '../../shared/data/sessions.ts';
import { type ErrorCode, parse } from '../../shared/protocol/errors.ts';
import type { Services } from './services.ts';

type Schema = z.core.$ZodType;
type Optional = Schema | undefined;
/** What a schema gives; nothing where there is none. */
type Output<S extends Optional> = S extends Schema ? z.core.output<S> : undefined;

export interface Specification<
  P extends Optional = Optional,
  Q extends Optional = Optional,
  B extends Optional = Optional,
  A extends Optional = Optional,
> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** As OpenAPI writes it: `/api/rooms/{room}`. */
  readonly path: string;
  /** What it does, as in `unable to <operation>; …`. Unique: the document's operation id is made from it. */
  readonly operation: string;
  readonly summary: string;
  readonly tag: string;
  /** The path's parameters, the query, and the JSON body, where there are any. */
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Status of success; 204 has no answer. */
  readonly status: 200 | 201 | 204;
  /** Status of success where the call made what it answers, told by `Made`; `status` is for what was there already. */
  readonly made?: 201;
  /** Whether it may answer with a `Redirect`. */
  readonly redirects?: boolean;
  readonly answer?: A;
  /** Refusals of its own, beside those that every call can meet. */
  readonly refusals?: readonly ErrorCode[];
  /** `Cache-Control` of success; `no-store` by default. */
  readonly cache?: string;
}

/** What a call answers that made it, where the specification tells that from what was there. */
export class Made<T> {
  readonly answer: T;

  constructor(answer: T) {
    this.answer = answer;
  }
}

/** What a call answers that leads elsewhere: 302, in place of the specification's answer. */
export class Redirect {
  readonly location: string;

  constructor(location: string) {
    this.location = location;
  }
}

/** A request as it came, before any of it was checked. */
export interface RawCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The JSON body. @throws {ParleyError} `bad_request` or `too_large`. */
  json(operation: string): Promise<unknown>;
  /** The bearer token, where one was sent. */
  readonly token: string | undefined;
  readonly origin: string | undefined;
  /** Address of who asks, as the gateway saw it. */
  readonly source: string;
  readonly services: Services;
}

/** A request whose every part has been parsed. */
export interface Call<P extends Optional, Q extends Optional, B extends Optional> {
  readonly params: Output<P>;
  readonly query: Output<Q>;
  readonly body: Output<B>;
  readonly origin: string | undefined;
  readonly source: string;
  readonly services: Services;
}

export interface Endpoint {
  readonly specification: Specification;
  /** Whether it is for everyone; else a valid access token is needed. */
  readonly open: boolean;
  /** @throws {ParleyError} the refusal. */
  run(call: RawCall): Promise<unknown>;
}

/** A call that needs no access token. */
export function openEndpoint<
  P extends Optional = undefined,
  Q extends Optional = undefined,
  B extends Optional = undefined,
  A extends Optional = undefined,
>(specification: Specification<P, Q, B, A>, handle: (call: Call<P, Q, B>) => Promise<Output<A>>): Endpoint {
  return {
    specification,
    open: true,
    async run(raw) {
      const { callGate, context } = raw.services;
      // What anyone may write, or guess at; what anyone may read costs nothing to speak of.
      if (specification.method === 'POST') await callGate.admitAddress(context, raw.source);
      return handle(await parseCall(specification, raw));
    },
  };
}

/**
 * A call by who is logged in. Token and session outrank all else: a stranger learns nothing about the rest of the request. Nothing is written
 * before the gate has admitted the call, and its refusal outranks what is wrong with the call.
 *
 * @param chargesOf what the call counts for, beside being one.
 */
export function endpoint<
  P extends Optional = undefined,
  Q extends Optional = undefined,
  B extends Optional = undefined,
  A extends Optional = undefined,
>(
  specification: Specification<P, Q, B, A>,
  handle: (
    call: Call<P, Q, B> & { readonly identity: Identity },
  ) => Promise<Output<A> | Made<Output<A>> | Redirect>,
  chargesOf: (call: Call<P, Q, B>, operation: string) => readonly Charge[] = () => [],
): Endpoint {
  return {
    specification,
    open: false,
    async run(raw) {
      if (raw.token === undefined) throw unauthenticated();
      const identity = await raw.services.verifyAccessToken(raw.token);
      const { callGate, context } = raw.services;
      const admit = async () => {
        const [parsed] = await Promise.allSettled([parseCall(specification, raw)]);
        const charges = parsed.status === 'fulfilled' ? chargesOf(parsed.value, specification.operation) : [];
        await callGate.admitUser(context, identity.user, charges);
        return parsed;
      };
      // Beside each other: that a logout is felt at once (P9) costs no call the time of a round.
      const [alive, admitted] = await Promise.allSettled([
        isLetIn(context.chat, identity.user, identity.session),
        admit(),
      ]);
      if (alive.status === 'rejected') throw alive.reason;
      if (!alive.value) throw unauthenticated();
      if (admitted.status === 'rejected') throw admitted.reason;
      const parsed = admitted.value;
      if (parsed.status === 'rejected') throw parsed.reason;
      return handle({ ...parsed.value, identity });
    },
  };
}

async function parseCall<P extends Optional, Q extends Optional, B extends Optional>(
  specification: Specification<P, Q, B>,
  raw: RawCall,
): Promise<Call<P, Q, B>> {
  const { operation } = specification;
  return {
    params: parseOptional(specification.params, raw.params, operation),
    query: parseOptional(specification.query, raw.query, operation),
    body: parseOptional(
      specification.body,
      specification.body ? await raw.json(operation) : undefined,
      operation,
    ),
    origin: raw.origin,
    source: raw.source,
    services: raw.services,
  };
}

function parseOptional<S extends Optional>(
  schema: S | undefined,
  value: unknown,
  operation: string,
): Output<S> {
  // The compiler does not follow the conditional type into the branches.
  return (schema ? parse(schema, value, operation) : undefined) as Output<S>;
}
