/**
 * Makes something at its first use and keeps it for as long as the execution environment is warm. What throws is tried again
 * at the next use.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
