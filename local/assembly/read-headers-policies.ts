import { type Json, type JsonObject, objectOf } from './cloud-assembly.ts';
import type { HeadersPolicyModel, PolicyHeader } from './distribution-model.ts';
import { type AssemblyReader, flagOf, numberOf, objectsOf } from './reader.ts';
import { unsupportedProperty } from './resource-types.ts';

/**
 * Response headers policies by their ids.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
 */
export function readHeadersPolicies(reader: AssemblyReader): ReadonlyMap<string, HeadersPolicyModel> {
  return new Map(
    reader.ofType('AWS::CloudFront::ResponseHeadersPolicy').map(({ template, identity, properties }) => {
      const config = objectOf(properties.ResponseHeadersPolicyConfig);
      if (config.CorsConfig !== undefined)
        throw unsupportedProperty(template, 'CorsConfig', 'the engine leaves CORS to the origin');
      if (flagOf(objectOf(config.ServerTimingHeadersConfig).Enabled))
        throw unsupportedProperty(
          template,
          'ServerTimingHeadersConfig',
          'the engine measures nothing for viewers',
        );
      const custom = objectsOf(objectOf(config.CustomHeadersConfig).Items).map((one) =>
        header(String(one.Header), one.Value, one),
      );
      const removed = objectsOf(objectOf(config.RemoveHeadersConfig).Items);
      return [
        identity.ref,
        {
          headers: [...securityHeaders(objectOf(config.SecurityHeadersConfig)), ...custom],
          removed: removed.map((one) => String(one.Header).toLowerCase()),
        },
      ];
    }),
  );
}

function header(name: string, value: Json | undefined, { Override }: JsonObject): PolicyHeader {
  return { name: name.toLowerCase(), value: String(value), override: flagOf(Override) };
}

function securityHeaders(config: JsonObject): PolicyHeader[] {
  const part = (name: string): JsonObject | undefined =>
    config[name] === undefined ? undefined : objectOf(config[name]);
  const csp = part('ContentSecurityPolicy');
  const types = part('ContentTypeOptions');
  const frames = part('FrameOptions');
  const referrer = part('ReferrerPolicy');
  const transport = part('StrictTransportSecurity');
  const scripting = part('XSSProtection');
  return [
    csp && header('content-security-policy', csp.ContentSecurityPolicy, csp),
    types && header('x-content-type-options', 'nosniff', types),
    frames && header('x-frame-options', frames.FrameOption, frames),
    referrer && header('referrer-policy', referrer.ReferrerPolicy, referrer),
    transport && header('strict-transport-security', transportText(transport), transport),
    scripting && header('x-xss-protection', scriptingText(scripting), scripting),
  ].filter((one) => one !== undefined);
}

function transportText({ AccessControlMaxAgeSec, IncludeSubdomains, Preload }: JsonObject): string {
  const parts = [`max-age=${numberOf(AccessControlMaxAgeSec, 0)}`];
  if (flagOf(IncludeSubdomains)) parts.push('includeSubDomains');
  if (flagOf(Preload)) parts.push('preload');
  return parts.join('; ');
}

function scriptingText({ Protection, ModeBlock, ReportUri }: JsonObject): string {
  if (!flagOf(Protection)) return '0';
  if (flagOf(ModeBlock)) return '1; mode=block';
  return ReportUri === undefined ? '1' : `1; report=${String(ReportUri)}`;
}
