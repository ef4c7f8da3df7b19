/** Where the private keys are kept. */

/** What a secret holds now. */
export interface SecretVersion {
  /** Undefined where the secret has no value, or a binary one. */
  readonly text: string | undefined;
  /** Undefined where the secret has no value yet. */
  readonly version: string | undefined;
}

export interface Secret {
  read(): Promise<SecretVersion>;
  /**
   * Stores a new value. `token` (32 to 64 characters) makes it safe to repeat and decides a race: the first value under a
   * token stands, another one under the same token is refused.
   *
   * @returns false where the token was used with another value.
   */
  write(text: string, token: string): Promise<boolean>;
}
