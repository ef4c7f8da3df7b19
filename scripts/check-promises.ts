/**
 * Checks that the promises of docs/protocol.md are kept in view: each is cited by the title of a test, and
 * whoever cites one, in code or in a title, cites one that exists.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');

const CODE = ['shared', 'functions', 'infra', 'client', 'web', 'scripts'];
const TESTS = ['test'];
/** Functions of vitest whose first argument is a title, and the suite's own. */
const TITLED = /^(?:it|test|describe|itUnlessDeviating)$/;
const NEVER_RUN = /^(?:skip|todo|only)$/;

/** A place that cites a promise. */
export interface Citation {
  readonly promise: string;
  readonly file: string;
}

/** The promises that the titles of a test file cite; a test that never runs cites none. */
export function citedByTitles(file: string, source: string): Citation[] {
  const cited: Citation[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTitled(node.expression)) {
      for (const argument of node.arguments.slice(0, 2)) {
        if (!ts.isStringLiteralLike(argument) && !ts.isTemplateExpression(argument)) continue;
        cited.push(...idsIn(argument.getText()).map((promise) => ({ promise, file })));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  return cited;
}

/** The promises that a file's comments cite. */
export function citedByComments(file: string, source: string): Citation[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, source);
  const cited: Citation[] = [];
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    const comment =
      token === ts.SyntaxKind.SingleLineCommentTrivia || token === ts.SyntaxKind.MultiLineCommentTrivia;
    if (comment) cited.push(...idsIn(scanner.getTokenText()).map((promise) => ({ promise, file })));
  }
  return cited;
}

/** The promises of protocol.md, name by id: `- **P1 one order.** …`. */
export function promisesIn(markdown: string): Map<string, string> {
  return new Map(
    [...markdown.matchAll(/^- \*\*(P\d+) ([^*.]+)\./gm)].map(([, id = '', name = '']) => [id, name]),
  );
}

/**
 * What is wrong, a line each; nothing when all is well.
 *
 * @param promises names by id.
 * @param tests citations by titles of tests.
 * @param code citations by comments of the product.
 */
export function faultsOf(
  promises: ReadonlyMap<string, string>,
  tests: readonly Citation[],
  code: readonly Citation[],
): string[] {
  const tested = new Set(tests.map(({ promise }) => promise));
  const faults: string[] = [];
  for (const [promise, name] of promises) {
    if (!tested.has(promise)) faults.push(`${promise} (${name}) has no test whose title cites it`);
  }
  for (const { promise, file } of [...tests, ...code]) {
    if (!promises.has(promise)) faults.push(`${file} cites ${promise}, which is no promise`);
  }
  return [...new Set(faults)];
}

/** `it('…')`, and what is made from it: `it.each(…)('…')`, `it.skipIf(…)('…')`; not `it.skip('…')`. */
function isTitled(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return TITLED.test(callee.text);
  if (ts.isPropertyAccessExpression(callee))
    return !NEVER_RUN.test(callee.name.text) && isTitled(callee.expression);
  return ts.isCallExpression(callee) && isTitled(callee.expression);
}

function idsIn(text: string): string[] {
  return [...new Set(text.match(/\bP\d{1,2}\b/g))];
}

async function sourcesIn(folders: readonly string[]): Promise<[string, string][]> {
  const sources: [string, string][] = [];
  for (const folder of folders) {
    const names = await readdir(join(ROOT, folder), { recursive: true }).catch((): string[] => []);
    for (const name of names.filter((path) => path.endsWith('.ts'))) {
      const path = join(ROOT, folder, name);
      sources.push([relative(ROOT, path), await readFile(path, 'utf8')]);
    }
  }
  return sources;
}

async function main(): Promise<void> {
  const tests = (await sourcesIn(TESTS)).flatMap(([file, source]) => citedByTitles(file, source));
  const code = (await sourcesIn(CODE))
    .filter(([file]) => file !== relative(ROOT, import.meta.filename))
    .flatMap(([file, source]) => citedByComments(file, source));
  const promises = promisesIn(await readFile(join(ROOT, 'docs/protocol.md'), 'utf8'));
  if (promises.size === 0) throw new Error('unable to check promises; docs/protocol.md makes none');
  const faults = faultsOf(promises, tests, code);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
  for (const [promise, name] of promises) {
    const files = new Set(tests.filter((citation) => citation.promise === promise).map(({ file }) => file));
    console.log(`${promise} ${name}: ${files.size} test files`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
