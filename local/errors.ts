/** What can stop the engine, by stable code. */
export type EngineErrorCode =
  | 'access_denied'
  | 'assembly_unreadable'
  | 'intrinsic_unresolvable'
  | 'resource_unsupported'
  | 'property_unsupported'
  | 'database_missing'
  | 'database_failed'
  | 'database_foreign'
  | 'data_locked'
  | 'schema_changed'
  | 'port_taken'
  | 'custom_resource_failed'
  | 'queue_failed';

/** An error that ends a start with one clear line. Its text reads `unable to <operation>; <reason>`. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
