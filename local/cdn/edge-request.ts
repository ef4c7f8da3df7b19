/** A request as a function of CloudFront sees it, and what the function made of it put back. */
import type { IncomingMessage } from 'node:http';
import type { EdgeRequest, Values } from './edge-function.ts';

/** @param path without the query */
export function toEdgeRequest(request: IncomingMessage, path: string, query: string): EdgeRequest {
  const headers = pairsOf(request.rawHeaders).filter(([name]) => name !== 'cookie');
  const cookies = (request.headers.cookie ?? '').split(';').map((text) => split(text.trim()));
  return {
    method: request.method ?? 'GET',
    uri: path,
    querystring: valuesOf(query.split('&').map(split)),
    headers: valuesOf(headers),
    cookies: valuesOf(cookies),
  };
}

/** Puts back what is another than before; what a function left alone stays as it was sent, letter by letter. */
export function changeRequest(request: IncomingMessage, before: EdgeRequest, after: EdgeRequest): void {
  const query = (request.url ?? '').split('?')[1];
  const text = same(before.querystring, after.querystring) ? query : joined(after.querystring, '&');
  request.url = text ? `${after.uri}?${text}` : after.uri;
  for (const name of Object.keys(before.headers))
    if (after.headers[name] === undefined) setHeader(request, name, undefined);
  for (const [name, value] of Object.entries(after.headers))
    if (!same(before.headers[name], value)) setHeader(request, name.toLowerCase(), value.value);
  if (!same(before.cookies, after.cookies))
    setHeader(request, 'cookie', joined(after.cookies, '; ') || undefined);
}

/** @param name in lower case; @param value undefined: it goes */
export function setHeader(request: IncomingMessage, name: string, value: string | undefined): void {
  const others = pairsOf(request.rawHeaders).filter(([known]) => known !== name);
  request.rawHeaders = [...others, ...(value === undefined ? [] : [[name, value]])].flat();
  if (value === undefined) delete request.headers[name];
  else request.headers[name] = value;
}

function pairsOf(raw: readonly string[]): (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2)
    pairs.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  return pairs;
}

function split(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function valuesOf(pairs: readonly (readonly [string, string])[]): Values {
  const values = new Map<string, Values[string]>();
  for (const [name, value] of pairs) {
    if (name === '') continue;
    const known = values.get(name);
    const all = [...(known?.multiValue ?? (known ? [{ value: known.value }] : [])), { value }];
    values.set(name, all.length > 1 ? { value: all[0]?.value ?? '', multiValue: all } : { value });
  }
  return Object.fromEntries(values);
}

function joined(values: Values, separator: string): string {
  return Object.entries(values)
    .flatMap(([name, { value, multiValue }]) =>
      (multiValue ?? [{ value }]).map((one) => (one.value === '' ? name : `${name}=${one.value}`)),
    )
    .join(separator);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
