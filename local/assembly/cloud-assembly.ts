import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EngineError, reasonOf } from '../errors.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** One resource as the template has it, with nothing resolved yet. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly constructPath: string;
  readonly properties: JsonObject;
  readonly condition?: string;
  readonly dependsOn: readonly string[];
}

/** A stack as `cdk synth` left it: template and the folders of its assets. */
export interface StackArtifact {
  readonly stackName: string;
  /** Undefined where the app left them to the deployment. */
  readonly account?: string;
  readonly region?: string;
  readonly resources: ReadonlyMap<string, TemplateResource>;
  readonly parameters: JsonObject;
  readonly conditions: JsonObject;
  readonly mappings: JsonObject;
  readonly outputs: JsonObject;
  /** Folder or file of each file asset, by the object key that the template names. */
  readonly assets: ReadonlyMap<string, string>;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

async function readJson(file: string): Promise<JsonObject> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new EngineError(
      'assembly_unreadable',
      `unable to read the cloud assembly; ${file}: ${reasonOf(error)}`,
    );
  }
  if (!isObject(parsed)) {
    throw new EngineError(
      'assembly_unreadable',
      `unable to read the cloud assembly; ${file}: no JSON object`,
    );
  }
  return parsed;
}

/**
 * Reads the folder that `cdk synth` wrote.
 *
 * @param directory - the cloud assembly (`cdk.out`)
 * @param stackName - which stack, where the assembly holds several
 * @throws EngineError `assembly_unreadable`
 */
export async function readStackArtifact(directory: string, stackName?: string): Promise<StackArtifact> {
  const manifest = await readJson(path.join(directory, 'manifest.json'));
  const stacks = Object.entries(objectOf(manifest.artifacts)).filter(
    ([, artifact]) => objectOf(artifact).type === 'aws:cloudformation:stack',
  );
  const chosen = stackName === undefined ? stacks : stacks.filter(([id]) => id === stackName);
  const [entry, ...others] = chosen;
  if (!entry) {
    const known = stacks.map(([id]) => id).join(', ') || 'none';
    throw new EngineError(
      'assembly_unreadable',
      `unable to read the cloud assembly; ${directory} has no stack ${stackName ?? ''} (stacks: ${known})`,
    );
  }
  if (others.length > 0) {
    const names = chosen.map(([id]) => id).join(', ');
    throw new EngineError(
      'assembly_unreadable',
      `unable to choose a stack; ${directory} holds several (${names}), name one`,
    );
  }
  const [id, artifactJson] = entry;
  const artifact = objectOf(artifactJson);
  const properties = objectOf(artifact.properties);
  const template = await readJson(path.join(directory, String(properties.templateFile)));
  const paths = await constructPaths(directory, artifact);
  const [account, region] = String(artifact.environment ?? '')
    .replace('aws://', '')
    .split('/');
  return {
    stackName: String(properties.stackName ?? id),
    ...(account && !account.startsWith('unknown') && { account }),
    ...(region && !region.startsWith('unknown') && { region }),
    resources: resourcesOf(template, paths),
    parameters: objectOf(template.Parameters),
    conditions: objectOf(template.Conditions),
    mappings: objectOf(template.Mappings),
    outputs: objectOf(template.Outputs),
    assets: await assetsOf(directory, objectOf(manifest.artifacts), artifact),
  };
}

function resourcesOf(template: JsonObject, paths: ReadonlyMap<string, string>) {
  const resources = new Map<string, TemplateResource>();
  for (const [logicalId, json] of Object.entries(objectOf(template.Resources))) {
    const resource = objectOf(json);
    const metadataPath = objectOf(resource.Metadata)['aws:cdk:path'];
    const dependsOn = resource.DependsOn;
    resources.set(logicalId, {
      logicalId,
      type: String(resource.Type),
      constructPath: typeof metadataPath === 'string' ? metadataPath : (paths.get(logicalId) ?? logicalId),
      properties: objectOf(resource.Properties),
      ...(typeof resource.Condition === 'string' && { condition: resource.Condition }),
      dependsOn: (Array.isArray(dependsOn) ? dependsOn : [dependsOn]).filter((d) => typeof d === 'string'),
    });
  }
  return resources;
}

/** Construct paths by logical id: in the manifest, or since schema 46 in a file beside it. */
async function constructPaths(directory: string, artifact: JsonObject): Promise<Map<string, string>> {
  const file = artifact.additionalMetadataFile;
  const metadata =
    typeof file === 'string' ? await readJson(path.join(directory, file)) : objectOf(artifact.metadata);
  const paths = new Map<string, string>();
  for (const [constructPath, entries] of Object.entries(metadata)) {
    for (const entry of Array.isArray(entries) ? entries : []) {
      const { type, data } = objectOf(entry);
      if (type === 'aws:cdk:logicalId' && typeof data === 'string') {
        paths.set(data, constructPath.replace(/^\//, ''));
      }
    }
  }
  return paths;
}

async function assetsOf(directory: string, artifacts: JsonObject, stack: JsonObject) {
  const assets = new Map<string, string>();
  const dependencies = Array.isArray(stack.dependencies) ? stack.dependencies : [];
  for (const dependency of dependencies) {
    const artifact = objectOf(artifacts[String(dependency)]);
    if (artifact.type !== 'cdk:asset-manifest') continue;
    const manifest = await readJson(path.join(directory, String(objectOf(artifact.properties).file)));
    for (const file of Object.values(objectOf(manifest.files))) {
      const source = objectOf(objectOf(file).source);
      if (typeof source.path !== 'string') continue;
      for (const destination of Object.values(objectOf(objectOf(file).destinations))) {
        assets.set(String(objectOf(destination).objectKey), path.resolve(directory, source.path));
      }
    }
  }
  return assets;
}
