import type { Settings } from './settings.ts';

/**
 * Origins that the web app's page may have, for a bucket's CORS rules. Not CloudFront's very name where there is no domain: the
 * distribution's content security policy names the bucket, and neither can be there before the other. A wider rule opens nothing, as it is
 * the signed address that lets somebody read or write, whatever page it was asked from.
 */
export function websiteOrigins({ website, websiteDomain }: Settings): readonly string[] {
  if (!website) return [];
  return [websiteDomain ? `https://${websiteDomain.name}` : 'https://*.cloudfront.net'];
}
