/** What every part of the model stands on. */

/** Where a resource came from, for error texts: its logical id and its path in the construct tree. */
export interface Origin {
  readonly logicalId: string;
  readonly constructPath: string;
}

export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  /** All actions but these; then `actions` is empty. */
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  /** All resources but these; then `resources` is empty. */
  readonly notResources: readonly string[];
  readonly conditions: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}
