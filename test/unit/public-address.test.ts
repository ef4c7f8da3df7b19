import { describe, expect, it } from 'vitest';
import { isPublicAddress, lookupPublic } from '../../shared/delivery/public-address.ts';

describe('an address', () => {
  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.9.9.9', '169.254.169.254', '172.16.0.1'],
    ...['172.31.255.255', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '192.0.2.7'],
    ...['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '2001:db8::1', '2002:7f00:1::1'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ...['', 'example.com', '1.2.3', '0x7f.1', '2130706433', '127.1'],
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '172.32.0.1', '172.15.0.1', '100.63.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('a name', () => {
  const looked = (hostname: string, all: boolean) =>
    new Promise<string>((resolve) => {
      lookupPublic(hostname, { all }, (error, address) => resolve(error ? error.name : String(address)));
    });

  it('gives no address that is not public', async () => {
    expect(await looked('localhost', true)).toBe('NotPublic');
    expect(await looked('localhost', false)).toBe('NotPublic');
  });

  it('that there is not is an error like any other', async () => {
    expect(await looked('name.invalid', true)).toBe('Error');
  });
});
