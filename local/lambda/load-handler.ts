/** Loads a function's module the way Lambda's Node.js runtime does; used inside an execution environment. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RuntimeError } from './environment-errors.ts';

type Handler = (event: unknown, context: unknown) => unknown;

/**
 * @param codeDirectory absolute folder of the code asset
 * @param name `<path>/<file>.<export>`
 * @throws RuntimeError `MalformedHandlerName`, `ImportModuleError`, `UserCodeSyntaxError`, `HandlerNotFound`,
 *   `CallbackHandlerDeprecated`; whatever else the module throws while it loads
 */
export async function loadHandler(codeDirectory: string, name: string): Promise<Handler> {
  if (name.includes('..'))
    throw new RuntimeError('MalformedHandlerName', `'${name}' is not a valid handler name.`);
  const file = basename(name);
  const dot = file.indexOf('.');
  if (dot < 0) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  const path = resolve(codeDirectory, name.slice(0, name.length - file.length), file.slice(0, dot));
  const handler = file
    .slice(dot + 1)
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], await load(path));
  if (!handler) throw new RuntimeError('HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw new RuntimeError('HandlerNotFound', `${name} is not a function`);
  // https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html: callbacks ended with the runtime of Node.js 24.
  if (handler.length >= 3 && handler.constructor.name !== 'AsyncFunction')
    throw new RuntimeError(
      'CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later.',
    );
  return handler as Handler;
}

async function load(path: string): Promise<unknown> {
  const require = createRequire(join(dirname(path), 'noop.js'));
  try {
    if (existsSync(`${path}.js`))
      return isModule(dirname(path)) ? await import(pathToFileURL(`${path}.js`).href) : require(`${path}.js`);
    if (existsSync(`${path}.mjs`)) return await import(pathToFileURL(`${path}.mjs`).href);
    if (existsSync(`${path}.cjs`)) return require(`${path}.cjs`);
    return require(path);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError('UserCodeSyntaxError', String(error), error);
    const code = (error as { code?: unknown } | undefined)?.code;
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
      throw new RuntimeError('ImportModuleError', String(error), error);
    throw error;
  }
}

/** Whether the nearest `package.json` says `"type": "module"`. */
function isModule(folder: string): boolean {
  if (folder.endsWith('/node_modules')) return false;
  const file = join(folder, 'package.json');
  if (existsSync(file)) {
    try {
      return (JSON.parse(readFileSync(file, 'utf8')) as { type?: unknown }).type === 'module';
    } catch {
      return false; // Lambda's runtime takes an unreadable package.json for a CommonJS one
    }
  }
  return dirname(folder) === folder ? false : isModule(dirname(folder));
}
