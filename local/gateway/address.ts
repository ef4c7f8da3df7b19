/** An address without the prefix that a socket for both protocol versions gives to IPv4. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}
