/** What a play of the story showed: an example for each call and message, with samples for what differs each time. */
import type { ErrorCode } from '../../../shared/protocol/errors.ts';
import type { Json } from '../schemas.ts';

/** A request as its document describes it. */
export interface ExampleRequest {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Json;
}

export interface ExampleCall {
  readonly request: ExampleRequest;
  readonly status: number;
  /** Missing where the answer has no body, or is a document itself. */
  readonly answer?: unknown;
}

export interface Recording {
  /** By operation id. */
  readonly calls: Readonly<Record<string, ExampleCall>>;
  /** The body of a refusal, by its code. */
  readonly refusals: Readonly<Partial<Record<ErrorCode, Json>>>;
  /** Payloads by the message's name in the AsyncAPI document. */
  readonly messages: Readonly<Record<string, readonly Json[]>>;
}

/** The time of everything that happened in the story. */
const SAMPLE_TIME = '2026-11-21T10:00:00.000Z';
/** A time of the play is at most so far from now, milliseconds; what the story itself says lies farther away. */
const PLAY_MS = 24 * 3_600_000;

/** Secrets and keys, which are never the same: by the name of their field. */
const SAMPLES: Readonly<Record<string, string>> = {
  accessToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl',
  token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl',
  refreshToken: 'YWxpY2U.0b0ffa5e-3b3c-4d6e-8f5b-2f1b8a6f0c11.c2VjcmV0',
  ticket: 'q2V4Y2hhbmdlZCBvbmNl',
  url: 'https://parley-files.s3.eu-central-1.amazonaws.com/',
  policy: 'eyJleHBpcmF0aW9uIjoi4oCmIn0=',
  'x-amz-credential': 'ASIAEXAMPLE/20261121/eu-central-1/s3/aws4_request',
  'x-amz-date': '20261121T100000Z',
  'x-amz-security-token': 'dG9rZW4=',
  'x-amz-signature': '0f6e6c1b9f3d3a7a2b8e4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091',
  cursor: 'eyJhZnRlciI6ImxvYmJ5In0',
  kid: 'hk5SfbmeDXk267jDwP5HumxQQqMHlJP6jcvp3gVjKYA',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};
/** Ids of files. */
const SAMPLE_FILE = '0k3s9qv7c1m5x8z2b4n6d0f1ga';
const FILE = /(?<![a-z0-9])[a-z0-9]{26}(?![a-z0-9])/g;
const SAMPLE_UUID = '0b0ffa5e-3b3c-4d6e-8f5b-2f1b8a6f0c11';
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The same value with samples for tokens, keys, times and ids that the service picks. */
export function withSamples(value: unknown, name = '', now = Date.now()): unknown {
  if (Array.isArray(value)) return value.map((item) => withSamples(item, name, now));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, withSamples(inner, key, now)]),
    );
  }
  if (typeof value !== 'string') return value;
  const sample = SAMPLES[name];
  if (sample !== undefined) return sample;
  if (TIME.test(value)) return Math.abs(Date.parse(value) - now) < PLAY_MS ? SAMPLE_TIME : value;
  return value.replaceAll(UUID, SAMPLE_UUID).replaceAll(FILE, SAMPLE_FILE);
}
