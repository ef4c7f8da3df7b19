/** S3 refused a call, or could not do it now. */
export class StorageFailed extends Error {
  override readonly name = 'StorageFailed';

  constructor(operation: string, status: number) {
    super(`unable to ${operation}; S3 answered ${status}`);
  }
}
