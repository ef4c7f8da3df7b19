/** What a stack declares of CloudFront. */
import type { Origin } from './origin.ts';

/** A header that answers get; without `override` what the origin says itself stays. */
export interface PolicyHeader {
  readonly name: string;
  readonly value: string;
  readonly override: boolean;
}

export interface HeadersPolicyModel {
  readonly headers: readonly PolicyHeader[];
  /** Names in lower case. */
  readonly removed: readonly string[];
}

export type DistributionOrigin =
  | {
      readonly kind: 'bucket';
      readonly bucket: string;
      readonly path: string;
      /** Whether CloudFront signs its requests (origin access control); else it asks as anybody does. */
      readonly signed: boolean;
    }
  | {
      readonly kind: 'api';
      readonly apiId: string;
      readonly path: string;
      /** Headers that CloudFront adds, whatever the viewer sent. */
      readonly headers: Readonly<Record<string, string>>;
    };

export interface EdgeFunctionModel {
  readonly name: string;
  readonly code: string;
}

export interface BehaviorModel {
  /** `*` for the default one. */
  readonly pathPattern: string;
  readonly methods: readonly string[];
  readonly origin: DistributionOrigin;
  /** How answers may be packed, the better first. */
  readonly encodings: readonly ('br' | 'gzip')[];
  readonly headersPolicy?: HeadersPolicyModel;
  /** Runs on each request before it is answered. */
  readonly requestFunction?: EdgeFunctionModel;
}

export interface DistributionModel extends Origin {
  readonly id: string;
  readonly arn: string;
  readonly domainName: string;
  readonly defaultRootObject?: string;
  /** In the order in which they are tried; the default one is the last. */
  readonly behaviors: readonly BehaviorModel[];
}
