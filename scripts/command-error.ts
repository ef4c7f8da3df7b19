/** A command can't go on: what it was doing, why it can't, and what its user can do next. Printed without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** What to do next, as a sentence. */
  readonly remedy: string;

  constructor(operation: string, reason: string, remedy: string, options?: ErrorOptions) {
    super(`unable to ${operation}; ${reason}`, options);
    this.remedy = remedy;
  }
}

/** Prints why a command ended early on standard error: one clear message, a stack only for what nobody foresaw. */
export function printFailure(error: unknown): void {
  if (error instanceof CommandError) console.error(`\n${error.message}\n${error.remedy}`);
  else if (error instanceof Error && /^unable to /.test(error.message)) console.error(`\n${error.message}`);
  else console.error('\n', error);
}
