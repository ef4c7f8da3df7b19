const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;

/** Whether a host, with or without its port, is this machine: an engine under development, which speaks without TLS. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
