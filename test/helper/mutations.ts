/** Ways to break the append, each by changing the database calls of a handler on their way: to see that the tests notice. */
import type { DynamoCall } from '../../shared/data/dynamodb.ts';

interface UpdateInput {
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  readonly Key?: { readonly sk?: { readonly S?: string }; readonly pk?: { readonly S?: string } };
}

/** Takes one part out of the condition of every commit, with the placeholders that only it uses. */
export function withoutCondition(part: string) {
  return (call: DynamoCall): DynamoCall =>
    (operation, input: UpdateInput) => {
      const { ConditionExpression: whole = '' } = input;
      // A settler's only condition stays: it is the commit that is broken here.
      if (operation !== 'UpdateItem' || !whole.includes(part) || !whole.includes('#pending')) {
        return call(operation, input);
      }
      const rest = whole.replace(part, '');
      const text = `${rest} ${input.UpdateExpression}`;
      const used = (values: Readonly<Record<string, unknown>> = {}) =>
        Object.fromEntries(Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(text)));
      return call(operation, {
        ...input,
        ConditionExpression: rest,
        ExpressionAttributeNames: used(input.ExpressionAttributeNames),
        ExpressionAttributeValues: used(input.ExpressionAttributeValues),
      });
    };
}

/** Reads the claim of every id that may be asked for before each head, and answers from that. */
export function claimBeforeHead(call: DynamoCall): DynamoCall {
  const early = new Map<string, Record<string, unknown>>();
  return async (operation, input: UpdateInput) => {
    const sk = input.Key?.sk?.S ?? '';
    if (operation !== 'GetItem') return call(operation, input);
    if (sk === 'HEAD') {
      for (const user of ['alice', 'bob']) {
        for (const id of ['a', 'b', 'c']) {
          const claim = `ID#${user}#${id}`;
          early.set(claim, await call(operation, { ...input, Key: { ...input.Key, sk: { S: claim } } }));
        }
      }
    }
    const before = early.get(sk);
    early.delete(sk);
    return before ?? call(operation, input);
  };
}

/** Hides from handlers which changes of rights are committed and not settled yet. */
export function withoutChanges(call: DynamoCall): DynamoCall {
  return async (operation, input) => {
    const output = await call(operation, input);
    const item = output.Item;
    if (operation !== 'GetItem' || typeof item !== 'object' || item === null || !('changes' in item))
      return output;
    return { ...output, Item: { ...item, changes: { L: [] } } };
  };
}
