/** What an error says to a person: the service's `unable to …` as a sentence. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const sentence = text.replace('; ', ': ').trim();
  return sentence
    ? `${sentence[0]?.toUpperCase()}${sentence.slice(1)}${/[.!?]$/.test(sentence) ? '' : '.'}`
    : 'Something went wrong.';
}
