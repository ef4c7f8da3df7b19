/** Rules that filter policies have beside those of event source mappings: https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html */
import { BlockList, isIP } from 'node:net';
import { PatternError, type Rule, type Rules } from '../streams/filter.ts';

/** `*` is any text, also none; with a backslash before it, it is itself, as is a backslash. */
const wildcard: Rule = (argument, where) => {
  const patterns = (Array.isArray(argument) ? argument : [argument]).map((pattern) => {
    if (typeof pattern !== 'string') throw new PatternError(where, 'has a wildcard that is no text');
    const pieces = pattern.match(/\\[\s\S]?|[\s\S]/g) ?? [];
    if (pieces.some((piece) => piece.startsWith('\\') && !/^\\[*\\]$/.test(piece))) {
      throw new PatternError(where, 'has a wildcard with a backslash before another character');
    }
    if (pieces.some((piece, index) => piece === '*' && pieces[index + 1] === '*')) {
      throw new PatternError(where, 'has a wildcard with two asterisks in a row');
    }
    const source = pieces.map((piece) => (piece === '*' ? '[\\s\\S]*' : escaped(piece.slice(-1))));
    return new RegExp(`^${source.join('')}$`);
  });
  return (value) => typeof value === 'string' && patterns.some((pattern) => pattern.test(value));
};

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}

/** A block of addresses, of either version. */
const cidr: Rule = (argument, where) => {
  const [address = '', bits = ''] = String(argument).split('/');
  const version = isIP(address);
  if (version === 0 || !/^\d+$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) {
    throw new PatternError(where, 'has a cidr that is no block of addresses');
  }
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(address, Number(bits), family);
  return (value) => typeof value === 'string' && isIP(value) === version && block.check(value, family);
};

export const POLICY_RULES: Rules = { wildcard, cidr };
