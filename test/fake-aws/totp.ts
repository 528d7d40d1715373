import { createHmac } from 'node:crypto';

/** Seconds one code stands for (RFC 6238, section 4; AWS's virtual devices use the default). */
export const TOTP_STEP_SECONDS = 30;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The bytes of an unpadded or padded RFC 4648 base32 text, case-insensitive, spaces ignored (as people copy it). */
export function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const char of text.toUpperCase().replaceAll(/[\s=]/g, '')) {
    const digit = ALPHABET.indexOf(char);
    if (digit < 0) throw new RangeError('not a base32 text');
    value = (value << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >>> bits) & 0xff);
    value &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}

/** Unpadded base32 of `bytes`, as an authenticator app takes it. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((value >>> bits) & 31);
    }
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET.charAt((value << (5 - bits)) & 31);
}

/** The number of the 30 second step that `at` falls in. */
export function totpStep(at: Date): number {
  return Math.floor(at.getTime() / 1000 / TOTP_STEP_SECONDS);
}

/** The six digits of one step: HMAC-SHA-1, dynamic truncation (RFC 4226, section 5.3). */
export function totpOfStep(secretBase32: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', decodeBase32(secretBase32)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** The code an authenticator shows at `at` for this secret. */
export function totp(secretBase32: string, at: Date): string {
  return totpOfStep(secretBase32, totpStep(at));
}
