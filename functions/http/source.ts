/** The address that a request came from, for the limits of those who are not logged in. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

type Sent = Pick<APIGatewayProxyEventV2, 'headers' | 'requestContext'>;

/**
 * Who asks by way of the web app's origin has an address of CloudFront, which many share; CloudFront tells whose it is. Who says so without
 * CloudFront's mark is not believed: it could be anybody's address.
 */
export function sourceOf({ headers, requestContext }: Sent, edgeMark: string): string {
  const { sourceIp } = requestContext.http;
  if (edgeMark === '' || headers['x-origin-mark'] !== edgeMark) return sourceIp;
  return headers['x-viewer-address'] ?? sourceIp;
}
