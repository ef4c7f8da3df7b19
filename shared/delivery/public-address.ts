/** Whether an address is out on the internet: what an outgoing call must not be led into is everything else. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Of IANA's registry of special-purpose IPv4 addresses, what is not reachable by all; multicast and reserved ones with it. */
const SPECIAL_V4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4';
/** All that IPv6 gives to the internet, and what of it is special or holds an IPv4 address. */
const GLOBAL_V6 = '2000::/3';
const SPECIAL_V6 = '2001::/23 2001:db8::/32 2002::/16 3fff::/20';

function blockList(networks: string, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks.split(' ')) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

const specialV4 = blockList(SPECIAL_V4, 'ipv4');
const globalV6 = blockList(GLOBAL_V6, 'ipv6');
const specialV6 = blockList(SPECIAL_V6, 'ipv6');

/** Whether anyone on the internet can reach this IP address; false for what is none. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !specialV4.check(address, 'ipv4');
    case 6:
      return globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6');
    default:
      return false;
  }
}

/** A name leads somewhere that is not public. */
export class NotPublic extends Error {
  override readonly name = 'NotPublic';

  constructor() {
    super('the host has an address that is not public');
  }
}

/**
 * Looks a name up for a connection that is about to be made, and gives no address that is not public: what was looked at is what is
 * connected to, so that a name that changes its answers gains nothing.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...(options as LookupOptions), all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const list: LookupAddress[] = addresses;
    const [first] = list;
    if (!first || !list.every(({ address }) => isPublicAddress(address))) {
      return callback(new NotPublic(), '', 0);
    }
    if (options.all) return callback(null, list);
    return callback(null, first.address, first.family);
  });
};
