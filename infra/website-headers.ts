import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';

/** Two years, what the list that browsers bring along asks for: https://hstspreload.org */
const HTTPS_ONLY = {
  strictTransportSecurity: {
    accessControlMaxAge: Duration.days(730),
    includeSubdomains: true,
    override: true,
  },
};
const NO_SNIFFING = { contentTypeOptions: { override: true } };
/** What a page could ask for, and a chat needs none of. */
const DEVICES = [
  'camera',
  'display-capture',
  'geolocation',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
];

/**
 * Headers of the app's files: a page runs and shows nothing but what came from its own origin, and talks to the service alone.
 *
 * @param filesHost the bucket that uploads go to, and pictures come from
 */
export function pageHeaders(
  scope: Construct,
  webSocketUrl: string,
  filesHost: string,
): cloudfront.ResponseHeadersPolicy {
  // With the slash it covers what is below.
  const files = `https://${filesHost}/`;
  const contentSecurityPolicy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    `img-src 'self' blob: data: ${files}`,
    `media-src 'self' blob: ${files}`,
    `connect-src 'self' ${webSocketUrl} ${files}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  return new cloudfront.ResponseHeadersPolicy(scope, 'PageHeaders', {
    comment: 'What pages of the web app may do',
    securityHeadersBehavior: {
      ...HTTPS_ONLY,
      ...NO_SNIFFING,
      contentSecurityPolicy: { contentSecurityPolicy, override: true },
      frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override: true },
      referrerPolicy: { referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER, override: true },
    },
    customHeadersBehavior: {
      customHeaders: [
        {
          header: 'permissions-policy',
          value: DEVICES.map((device) => `${device}=()`).join(', '),
          override: true,
        },
        { header: 'cross-origin-opener-policy', value: 'same-origin', override: true },
      ],
    },
  });
}

/** Headers of the API's answers. What an answer says itself stays: the page of the documents has a policy of its own. */
export function apiHeaders(scope: Construct): cloudfront.ResponseHeadersPolicy {
  return new cloudfront.ResponseHeadersPolicy(scope, 'ApiHeaders', {
    comment: 'What all answers of the API say',
    securityHeadersBehavior: {
      ...HTTPS_ONLY,
      ...NO_SNIFFING,
      frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override: false },
      referrerPolicy: { referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER, override: false },
    },
  });
}
