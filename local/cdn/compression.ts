/**
 * What CloudFront packs on its way to the viewer.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
 */
import type { Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { AnswerHeaders } from './headers-policy.ts';

export type Encoding = 'br' | 'gzip';

const LEAST_BYTES = 1_000;
const MOST_BYTES = 10_000_000;
const TYPE =
  /^(text\/(css|csv|html|javascript|js|plain|richtext|tab-separated-values|xml|x-component|x-java-source|x-script)|image\/svg\+xml|font\/(eot|opentype|otf|ttf)|application\/(dash\+xml|eot|font|font-sfnt|javascript|json|opentype|otf|pdf|pkcs7-mime|protobuf|rss\+xml|truetype|ttf|vnd\.apple\.mpegurl|vnd\.mapbox-vector-tile|vnd\.ms-fontobject|wasm|xhtml\+xml|xml|x-font-opentype|x-font-truetype|x-font-ttf|x-httpd-cgi|x-javascript|x-mpegurl|x-opentype|x-otf|x-perl|x-ttf))\s*(;|$)/i;

/** The best that both the behaviour and the viewer know; CloudFront prefers Brotli, whatever the viewer's weights. */
export function encodingFor(known: readonly Encoding[], accepted: string | undefined): Encoding | undefined {
  const names = (accepted ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? ''))
    .map(([name]) => name);
  return known.find((encoding) => names.includes(encoding));
}

/** Only whole answers of the origin, of a kind and a size that is worth it, and not packed already. */
export function isPacked(status: number, headers: AnswerHeaders): boolean {
  const bytes = Number(headers['content-length'] ?? Number.NaN);
  return (
    status === 200 &&
    headers['content-encoding'] === undefined &&
    TYPE.test(String(headers['content-type'] ?? '')) &&
    bytes >= LEAST_BYTES &&
    bytes <= MOST_BYTES
  );
}

/** A strong tag names the very bytes: of packed ones it becomes a weak one. */
export function packedHeaders(headers: AnswerHeaders, encoding: Encoding): AnswerHeaders {
  const { 'content-length': _, etag, ...others } = headers;
  const tag = typeof etag === 'string' && !etag.startsWith('W/') ? `W/${etag}` : etag;
  return { ...others, ...(tag !== undefined && { etag: tag }), 'content-encoding': encoding };
}

/** Quick rather than small: it is done anew for each request. */
const BROTLI_QUALITY = 4;

export function packer(encoding: Encoding): Transform {
  if (encoding === 'gzip') return createGzip();
  return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}
