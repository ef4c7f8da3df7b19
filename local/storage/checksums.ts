/** Checksums that a client may send with bytes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Digest {
  update(chunk: Buffer): void;
  /** In base64. */
  value(): string;
}

const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
  return value;
});

function crcDigest(next: (value: number, chunk: Buffer) => number): Digest {
  let value = 0;
  return {
    update(chunk) {
      value = next(value, chunk);
    },
    value() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes.toString('base64');
    },
  };
}

function crc32c(value: number, chunk: Buffer): number {
  let sum = ~value;
  for (const byte of chunk) sum = (sum >>> 8) ^ (CRC32C[(sum ^ byte) & 0xff] ?? 0);
  return ~sum;
}

function hashDigest(algorithm: string): Digest {
  const hash = createHash(algorithm);
  return { update: (chunk) => void hash.update(chunk), value: () => hash.digest('base64') };
}

/** By the end of their header, `x-amz-checksum-…`. Of S3's, CRC64NVME is not there. */
const ALGORITHMS: Readonly<Record<string, () => Digest>> = {
  crc32: () => crcDigest((value, chunk) => crc32(chunk, value)),
  crc32c: () => crcDigest(crc32c),
  sha1: () => hashDigest('sha1'),
  sha256: () => hashDigest('sha256'),
};

/** @returns undefined for an algorithm that the engine does not have */
export function checksumDigest(algorithm: string): Digest | undefined {
  return Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm]?.() : undefined;
}
