import { Aws, CustomResource, Duration, FileSystem, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { SITE_PATHS, VIEWER_ADDRESS } from './edge-functions.ts';
import type { Files } from './files.ts';
import { bundleOf, Handler } from './handler.ts';
import type { HttpApi } from './http-api.ts';
import type { Domain, Settings } from './settings.ts';
import { apiHeaders, pageHeaders } from './website-headers.ts';

/** What of the site's origin is the HTTP API. */
const API_PATHS = ['/api/*', '/health', '/.well-known/*'];
/** The zone of every distribution: https://docs.aws.amazon.com/general/latest/gr/cf_region.html */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2';
const LONGEST_CACHE = Duration.days(365);

export interface WebsiteParts {
  readonly httpApi: HttpApi;
  readonly webSocketUrl: string;
  readonly files: Files;
}

/** The web app: files in a private bucket, and before them CloudFront, which passes the API's paths on so that all is one origin. */
export class Website extends Construct {
  /** Where people open it; also the origin of its pages. */
  readonly url: string;
  readonly bucket: s3.Bucket;
  readonly #settings: Settings;

  constructor(scope: Construct, id: string, settings: Settings, parts: WebsiteParts) {
    super(scope, id);
    this.#settings = settings;
    this.bucket = new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // The build makes it again.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const distribution = this.#distribute(parts);
    this.#publish(parts.webSocketUrl);
    const { websiteDomain } = settings;
    if (websiteDomain) this.#name(websiteDomain, distribution);
    this.url = `https://${websiteDomain?.name ?? distribution.domainName}`;
  }

  #distribute({ httpApi, webSocketUrl, files }: WebsiteParts): cloudfront.Distribution {
    const { stage, websiteDomain } = this.#settings;
    const page: cloudfront.BehaviorOptions = {
      origin: S3BucketOrigin.withOriginAccessControl(this.bucket as s3.IBucket),
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: this.#cachePolicy(),
      responseHeadersPolicy: pageHeaders(this, webSocketUrl, files.bucket.bucketRegionalDomainName),
      functionAssociations: [this.#atRequest('Paths', SITE_PATHS)],
    };
    const api = this.#apiBehavior(httpApi);
    return new cloudfront.Distribution(this, 'Distribution', {
      comment: `Parley ${stage}, web app`,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      defaultBehavior: page,
      additionalBehaviors: Object.fromEntries(API_PATHS.map((path) => [path, api])),
      ...(websiteDomain && {
        domainNames: [websiteDomain.name],
        certificate: Certificate.fromCertificateArn(this, 'Certificate', websiteDomain.certificateArn),
      }),
    });
  }

  /** Files say themselves how long they are good for; nothing of a request but its path tells one from another. */
  #cachePolicy(): cloudfront.CachePolicy {
    return new cloudfront.CachePolicy(this, 'Cache', {
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: LONGEST_CACHE,
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    });
  }

  /** No answer is kept, and the API gets what the client sent, but for `Host`, which is how API Gateway tells APIs apart. */
  #apiBehavior({ api, handler }: HttpApi): cloudfront.BehaviorOptions {
    const { region, urlSuffix } = Stack.of(this);
    // Not in the template and not to be guessed: the part of the stack's id that CloudFormation drew.
    const mark = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    handler.addEnvironment(ENV.edgeMark, mark);
    return {
      origin: new HttpOrigin(`${api.apiId}.execute-api.${region}.${urlSuffix}`, {
        customHeaders: { 'x-origin-mark': mark },
      }),
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      responseHeadersPolicy: apiHeaders(this),
      functionAssociations: [this.#atRequest('Viewer', VIEWER_ADDRESS)],
    };
  }

  #atRequest(id: string, code: string): cloudfront.FunctionAssociation {
    return {
      eventType: cloudfront.FunctionEventType.VIEWER_REQUEST,
      function: new cloudfront.Function(this, id, {
        code: cloudfront.FunctionCode.fromInline(code.trim()),
        runtime: cloudfront.FunctionRuntime.JS_2_0,
      }),
    };
  }

  /**
   * Not by the CDK's `BucketDeployment`, whose function is in Python and larger than the app: the files lie beside a function of
   * ours, which puts them into the bucket at each deploy that changes them, and takes them away with the stack.
   */
  #publish(webSocketUrl: string): void {
    const publisher = new Handler(this, 'Publisher', {
      settings: this.#settings,
      entry: 'operations/website',
      description: 'Puts the web app’s files into their bucket',
      timeout: Duration.minutes(2),
      memorySize: 512,
    });
    publisher.addEnvironment(ENV.websiteBucket, this.bucket.bucketName);
    // The page opens sockets.
    publisher.addEnvironment(ENV.webSocketUrl, webSocketUrl);
    publisher.allow(['s3:ListBucket'], [this.bucket.bucketArn]);
    publisher.allow(['s3:PutObject', 's3:DeleteObject'], [this.bucket.arnForObjects('*')]);
    const content = new CustomResource(this, 'Content', {
      resourceType: 'Custom::Website',
      serviceToken: publisher.functionArn,
      // Longer than the function's time-out.
      serviceTimeout: Duration.minutes(4),
      // What a deploy has to have changed for the function to run again.
      properties: { content: FileSystem.fingerprint(bundleOf('operations/website')), webSocketUrl },
    });
    content.node.addDependency(publisher, publisher.role ?? publisher);
  }

  #name({ name, hostedZoneId }: Domain, { domainName }: cloudfront.Distribution): void {
    if (hostedZoneId === undefined) return;
    for (const type of ['A', 'AAAA']) {
      new CfnRecordSet(this, `Name${type}`, {
        hostedZoneId,
        name,
        type,
        aliasTarget: { dnsName: domainName, hostedZoneId: CLOUDFRONT_ZONE },
      });
    }
  }
}
