/** IAM's wildcards: `*` is any text, `?` any one character. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html */

type Test = (text: string) => boolean;

/** Escapes what has a meaning in a regular expression, then gives the two wildcards theirs. */
function expression(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
}

/** Whether a text is like a pattern, in the case given. */
export function like(pattern: string): Test {
  if (pattern === '*') return () => true;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const compiled = new RegExp(`^${expression(pattern)}$`, 's');
  return (text) => compiled.test(text);
}

/** As `like`, whatever the case: names of actions. */
export function likeAction(pattern: string): Test {
  const compiled = new RegExp(`^${expression(pattern)}$`, 'is');
  return (text) => compiled.test(text);
}

/** As `like`, part by part of the six that an ARN has: a wildcard does not reach over a colon but in the last. */
export function likeArn(pattern: string): Test {
  if (pattern === '*') return () => true;
  const parts = split(pattern).map(like);
  return (text) => {
    const own = split(text);
    return own.length === parts.length && parts.every((matches, index) => matches(own[index] ?? ''));
  };
}

function split(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}
