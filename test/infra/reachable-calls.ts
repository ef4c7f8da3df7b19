import { join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');

/** The table client's methods, and the action that each one calls. */
const ACTIONS: Readonly<Record<string, string>> = {
  get: 'GetItem',
  put: 'PutItem',
  update: 'UpdateItem',
  delete: 'DeleteItem',
  query: 'Query',
  queryAll: 'Query',
  batchGet: 'BatchGetItem',
  batchWrite: 'BatchWriteItem',
};

export type TableName = 'chat' | 'connections' | 'search';

/** What the code of a function can ask of the tables. */
export type Calls = Readonly<Record<TableName, ReadonlySet<string>>>;

/**
 * Reads, from the source alone, which calls on which table a function's code can reach: from the entry through every
 * function that is named in what was reached. It may find more than ever happens, never less.
 */
export function reachableCalls(entries: readonly string[]): ReadonlyMap<string, Calls> {
  const configuration = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(configuration, ts.sys, ROOT);
  const program = ts.createProgram(
    entries.map((entry) => join(ROOT, entry)),
    options,
  );
  const checker = program.getTypeChecker();
  return new Map(entries.map((entry) => [entry, reach(program, checker, join(ROOT, entry))]));
}

function reach(program: ts.Program, checker: ts.TypeChecker, entry: string): Calls {
  const calls = { chat: new Set<string>(), connections: new Set<string>(), search: new Set<string>() };
  const visited = new Set<ts.Node>();

  const walk = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) note(node.expression);
    if (ts.isIdentifier(node)) follow(node);
    ts.forEachChild(node, walk);
  };

  const note = ({ expression: receiver, name }: ts.PropertyAccessExpression): void => {
    const action = ACTIONS[name.text];
    const type = checker.getTypeAtLocation(receiver).symbol?.name;
    if (action !== undefined && type === 'Table') calls[tableOf(receiver)].add(action);
  };

  const follow = (identifier: ts.Identifier): void => {
    let symbol = checker.getSymbolAtLocation(identifier);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    for (const declaration of symbol?.declarations ?? []) {
      if (visited.has(declaration) || !isCode(declaration)) continue;
      visited.add(declaration);
      walk(declaration);
    }
  };

  for (const statement of program.getSourceFile(entry)?.statements ?? []) {
    if (!ts.isImportDeclaration(statement)) walk(statement);
  }
  return calls;
}

/** A function, or a value of a module that may hold one. */
function isCode(declaration: ts.Declaration): boolean {
  const file = declaration.getSourceFile();
  if (file.fileName.includes('node_modules') || file.isDeclarationFile) return false;
  return (
    ts.isFunctionDeclaration(declaration) ||
    ts.isMethodDeclaration(declaration) ||
    ts.isPropertyAssignment(declaration) ||
    (ts.isVariableDeclaration(declaration) && declaration.parent.parent.parent === file)
  );
}

/** What a module names that has to do with a table. */
const KEYS = { chat: 'chatKeys', connections: 'connectionKeys', search: 'searchKeys' } as const;
const TABLES = Object.keys(KEYS) as TableName[];

/** By the receiver's name (`context.chat`), else by whose keys its module imports: no module of shared/data uses those of two. */
function tableOf(receiver: ts.Expression): TableName {
  const named = TABLES.find((table) => new RegExp(`\\b${table}$`).test(receiver.getText()));
  if (named) return named;
  const file = receiver.getSourceFile();
  const [table, ...others] = TABLES.filter((one) => file.text.includes(KEYS[one]));
  if (!table || others.length > 0) throw new Error(`which table is it in ${relative(ROOT, file.fileName)}?`);
  return table;
}
