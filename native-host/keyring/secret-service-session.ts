import type { KeyPairKeyObjectResult } from 'node:crypto';
import type { BusConnection } from './dbus.ts';
import { DbusError } from './dbus-error.ts';
import { asVariant, list, WireError, type WireValue } from './dbus-wire.ts';

/** How secrets travel between us and the service. A D-Bus `Secret` is the struct (session, parameters, value, content type). */
export type SecretSession = {
  readonly path: string;
  encrypt(secret: Uint8Array, contentType: string): WireValue;
  /** @throws WireError when it is not a secret of this session */
  decrypt(secret: WireValue | undefined): Buffer;
};

type GenerateKeyPair = (type: 'dh', options: { readonly group: 'modp2' }) => KeyPairKeyObjectResult;

export const SECRETS = { destination: 'org.freedesktop.secrets', path: '/org/freedesktop/secrets' };
const ENCRYPTED = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';
const GROUP_BYTES = 128;
const CIPHER = 'aes-128-cbc';

/** New keys for one session. Loading Node's crypto makes the first ones take some 5 ms: do it while something else is awaited. */
export function sessionKeys(): KeyPairKeyObjectResult {
  // Not getDiffieHellman('modp2'): it proves the group's prime anew each time, which takes 30 ms.
  const generate = process.getBuiltinModule('node:crypto').generateKeyPairSync as unknown as GenerateKeyPair; // Node's typings leave 'dh' out.
  return generate('dh', { group: 'modp2' });
}

/**
 * Opens a session in which secrets are encrypted on the bus; unencrypted only if the service has no encryption at all. The
 * encryption keeps secrets out of bus monitors and logs; it cannot tell a false service from the true one.
 * @throws DbusError, WireError
 * @see https://specifications.freedesktop.org/secret-service-spec/latest/transfer-secrets.html
 */
export async function openSecretSession(bus: BusConnection, own = sessionKeys()): Promise<SecretSession> {
  const { createPublicKey, diffieHellman, hkdfSync } = process.getBuiltinModule('node:crypto');
  const ownPublic = own.publicKey.export({ type: 'spki', format: 'der' });
  let opened: { readonly output: WireValue; readonly path: string };
  try {
    opened = await open(bus, ENCRYPTED, { signature: 'ay', value: publicNumber(ownPublic) });
  } catch (error) {
    if (!(error instanceof DbusError) || error.errorName !== 'org.freedesktop.DBus.Error.NotSupported') throw error;
    return plainSession((await open(bus, 'plain', { signature: 's', value: '' })).path);
  }
  if (!(opened.output instanceof Uint8Array)) throw new WireError('the Secret Service sent no public key');
  const publicKey = createPublicKey({ key: withPublicNumber(ownPublic, opened.output), type: 'spki', format: 'der' });
  // With its leading zeros, which the key derivation of the Secret Service counts in; Node gives them.
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey });
  return encryptedSession(opened.path, Buffer.from(hkdfSync('sha256', shared, '', '', 16)));
}

/*
 * Node gives and takes Diffie-Hellman keys as SubjectPublicKeyInfo only: SEQUENCE {algorithm, BIT STRING {INTEGER key}}.
 * The algorithm names the group, so it is the same in our key and in theirs.
 */

function publicNumber(spki: Buffer): Buffer {
  const bits = element(spki, element(spki, element(spki, 0).start).end);
  const number = element(spki, bits.start + 1);
  // DER drops leading zeros, or adds one as a sign; some services want exactly the size of the group.
  const digits = spki.subarray(Math.max(number.start, number.end - GROUP_BYTES), number.end);
  return Buffer.concat([Buffer.alloc(GROUP_BYTES - digits.length), digits]);
}

function withPublicNumber(spki: Buffer, key: Uint8Array): Buffer {
  const { start } = element(spki, 0);
  const algorithm = spki.subarray(start, element(spki, start).end);
  const firstDigit = key.findIndex((byte) => byte !== 0);
  const digits = firstDigit < 0 ? Buffer.alloc(1) : Buffer.from(key.subarray(firstDigit));
  const isNegative = (digits[0] ?? 0) >= 0x80;
  const number = der(0x02, isNegative ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
  return der(0x30, Buffer.concat([algorithm, der(0x03, Buffer.concat([Buffer.alloc(1), number]))]));
}

/** Where the content of the DER element at `at` starts and ends. */
function element(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = bytes.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const start = at + 2 + lengthBytes;
  return { start, end: start + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)) };
}

function der(tag: number, content: Buffer): Buffer {
  const length = content.length;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

async function open(bus: BusConnection, algorithm: string, input: WireValue) {
  const call = { ...SECRETS, interface: 'org.freedesktop.Secret.Service', member: 'OpenSession', signature: 'sv' };
  const reply = await bus.call({ ...call, body: [algorithm, input] });
  return { output: asVariant(reply.body[0]).value, path: String(reply.body[1]) };
}

function plainSession(path: string): SecretSession {
  return {
    path,
    encrypt: (secret, contentType) => [path, new Uint8Array(), secret, contentType],
    decrypt: (secret) => Buffer.from(secretParts(secret).value),
  };
}

function encryptedSession(path: string, key: Buffer): SecretSession {
  const { createCipheriv, createDecipheriv, randomBytes } = process.getBuiltinModule('node:crypto');
  return {
    path,
    encrypt(secret, contentType) {
      const iv = randomBytes(16);
      const cipher = createCipheriv(CIPHER, key, iv);
      return [path, iv, Buffer.concat([cipher.update(secret), cipher.final()]), contentType];
    },
    decrypt(secret) {
      const { parameters, value } = secretParts(secret);
      try {
        const decipher = createDecipheriv(CIPHER, key, parameters);
        return Buffer.concat([decipher.update(value), decipher.final()]);
      } catch (error) {
        throw new WireError('the Secret Service sent a secret that does not decrypt', { cause: error });
      }
    },
  };
}

function secretParts(secret: WireValue | undefined): { readonly parameters: Uint8Array; readonly value: Uint8Array } {
  const [, parameters, value] = list(secret);
  if (parameters instanceof Uint8Array && value instanceof Uint8Array) return { parameters, value };
  throw new WireError('the Secret Service sent no secret');
}
