/** Rounds of PBKDF2 that aws-vault writes with. */
export const AWS_VAULT_ROUNDS = 8192;
/** Fewer protect nothing (RFC 7518, 4.8.1.2); more would only stall us, and aws-vault refuses them as well. */
export const ROUNDS_READ = { min: 1000, max: 1_300_000 } as const;
const ALGORITHM = 'PBES2-HS256+A128KW';
const ENCRYPTION = 'A256GCM';
/** RFC 3394, 2.2.3.1 */
const KEY_WRAP_IV = Buffer.alloc(8, 0xa6);
const SIZE_BYTES = { saltMin: 8, salt: 12, wrappingKey: 16, contentKey: 32, iv: 12, tag: 16 } as const;
/** Header, wrapped key of 40 bytes, nonce of 12, ciphertext, tag of 16 (node:crypto would take a shorter tag), all base64url. */
const COMPACT_JWE = /^([\w-]+)\.([\w-]{54})\.([\w-]{16})\.([\w-]*)\.([\w-]{22})\s*$/;

export type JweOpening =
  | { readonly outcome: 'opened'; readonly plaintext: Buffer }
  /** The content key does not unwrap: another passphrase, or damage to the salt or the wrapped key; nobody can tell which. */
  | { readonly outcome: 'wrong-passphrase' }
  /** `passphraseFits`: the content key did unwrap, so the passphrase is right and the content is what is broken. */
  | { readonly outcome: 'damaged'; readonly reason: string; readonly passphraseFits: boolean };

/** What can come of it once the content key is there. */
export type KeyedOpening = Exclude<JweOpening, { readonly outcome: 'wrong-passphrase' }>;

/** An item's content key under a passphrase, and what besides the passphrase is needed to get it out. None of it is secret. */
export type WrappedKey = { readonly salt: Buffer; readonly rounds: number; readonly wrappedKey: Buffer };

/** The checked parts of a compact JWE. */
export type Jwe = WrappedKey & {
  readonly protectedHeader: string;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
};

/**
 * `plaintext` under `passphrase` as a compact JWE, in the exact form of aws-vault's file vault; see sealWith.
 * `rounds` of PBKDF2: 8192 cost some 2.4 ms.
 */
export function sealJwe(plaintext: string, passphrase: string, createdAt: Date, rounds = AWS_VAULT_ROUNDS): string {
  const contentKey = newContentKey();
  return sealWith(plaintext, { contentKey, ...newWrappedKey(contentKey, passphrase, rounds) }, createdAt);
}

/** A random key for the content of one item. */
export function newContentKey(): Buffer {
  return nodeCrypto().randomBytes(SIZE_BYTES.contentKey);
}

/** A salt for the wrapping key of one item (RFC 7518, 4.8.1.1: a new one each time). */
export function newSalt(): Buffer {
  return nodeCrypto().randomBytes(SIZE_BYTES.salt);
}

/** `contentKey` under `passphrase`, with a new salt. */
export function newWrappedKey(contentKey: Buffer, passphrase: string, rounds: number): WrappedKey {
  const salt = newSalt();
  return { salt, rounds, wrappedKey: wrapKey(contentKey, wrappingKey(passphrase, salt, rounds)) };
}

/** RFC 3394 under a wrapping key. */
export function wrapKey(contentKey: Buffer, wrapping: Buffer): Buffer {
  const wrap = nodeCrypto().createCipheriv('id-aes128-wrap', wrapping, KEY_WRAP_IV);
  return Buffer.concat([wrap.update(contentKey), wrap.final()]);
}

/** The content key; undefined where the wrapping key is another passphrase's, or salt or wrapped key are damaged. */
export function unwrapKey(wrapped: Buffer, wrapping: Buffer): Buffer | undefined {
  const unwrap = nodeCrypto().createDecipheriv('id-aes128-wrap', wrapping, KEY_WRAP_IV);
  try {
    return Buffer.concat([unwrap.update(wrapped), unwrap.final()]);
  } catch {
    // All sizes are checked, so the only failure left is the integrity check of RFC 3394, 2.2.3.
    return undefined;
  }
}

/**
 * `plaintext` as a compact JWE: PBES2-HS256+A128KW and A256GCM, header fields in alphabetical order, no line end.
 * `createdAt` goes into the header unencrypted, in the notation of Go's time.String().
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-4.8
 */
export function sealWith(
  plaintext: string,
  { contentKey, salt, rounds, wrappedKey }: WrappedKey & { readonly contentKey: Buffer },
  createdAt: Date,
): string {
  const { createCipheriv, randomBytes } = nodeCrypto();
  const iv = randomBytes(SIZE_BYTES.iv);
  const header = {
    alg: ALGORITHM,
    created: `${createdAt.toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC`,
    enc: ENCRYPTION,
    p2c: rounds,
    p2s: salt.toString('base64url'),
  };
  const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv, { authTagLength: SIZE_BYTES.tag });
  cipher.setAAD(Buffer.from(protectedHeader));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  const binaryParts = [wrappedKey, iv, ciphertext, cipher.getAuthTag()];
  return [protectedHeader, ...binaryParts.map((part) => part.toString('base64url'))].join('.');
}

/**
 * Decrypts what sealJwe, aws-vault or any other JOSE library wrote in this form, with 1000 to 1,300,000 rounds. Costs
 * about 2.4 ms at 8192 rounds. Header fields beyond alg, enc, p2c and p2s are ignored, except those that RFC 7516 forbids
 * to ignore (crit, zip).
 */
export function openJwe(text: string, passphrase: string): JweOpening {
  const jwe = parseJwe(text);
  if (typeof jwe === 'string') return { outcome: 'damaged', reason: jwe, passphraseFits: false };
  const contentKey = unwrapKey(jwe.wrappedKey, wrappingKey(passphrase, jwe.salt, jwe.rounds));
  return contentKey === undefined ? { outcome: 'wrong-passphrase' } : openWith(jwe, contentKey);
}

/** Decrypts the content with its key. */
export function openWith({ protectedHeader, iv, ciphertext, tag }: Jwe, contentKey: Buffer): KeyedOpening {
  const { createDecipheriv } = nodeCrypto();
  try {
    const decipher = createDecipheriv('aes-256-gcm', contentKey, iv, { authTagLength: SIZE_BYTES.tag });
    decipher.setAAD(Buffer.from(protectedHeader));
    decipher.setAuthTag(tag);
    const plaintext = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    return { outcome: 'opened', plaintext };
  } catch {
    // All sizes are checked here too: only the authentication tag can fail.
    return { outcome: 'damaged', reason: 'its content was changed', passphraseFits: true };
  }
}

/** The key that wraps content keys, from a passphrase: the expensive part. */
export function wrappingKey(passphrase: string, p2s: Buffer, rounds: number): Buffer {
  return nodeCrypto().pbkdf2Sync(passphrase, wrappingSalt(p2s), rounds, SIZE_BYTES.wrappingKey, 'sha256');
}

/** The same on another thread, for a process that has more to do meanwhile. */
export function wrappingKeyLater(passphrase: Buffer, p2s: Buffer, rounds: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    nodeCrypto().pbkdf2(passphrase, wrappingSalt(p2s), rounds, SIZE_BYTES.wrappingKey, 'sha256', (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** RFC 7518, 4.8.1.1: the salt is the algorithm's name, a zero byte, and p2s. */
function wrappingSalt(p2s: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${ALGORITHM}\0`), p2s]);
}

/** Not a static import: loading it costs 6 ms, which listing and --version need not pay. */
function nodeCrypto() {
  return process.getBuiltinModule('node:crypto');
}

/** The checked parts, or in words what is wrong with the text. */
export function parseJwe(text: string): Jwe | string {
  const segments = COMPACT_JWE.exec(text)?.slice(1);
  if (segments === undefined) return 'it is not a whole JWE';
  const [protectedHeader = '', ...encoded] = segments;
  const [wrappedKey = '', iv = '', ciphertext = '', tag = ''] = encoded;
  const keyDerivation = parseHeader(protectedHeader);
  if (typeof keyDerivation === 'string') return keyDerivation;
  return {
    protectedHeader,
    ...keyDerivation,
    wrappedKey: Buffer.from(wrappedKey, 'base64url'),
    iv: Buffer.from(iv, 'base64url'),
    ciphertext: Buffer.from(ciphertext, 'base64url'),
    tag: Buffer.from(tag, 'base64url'),
  };
}

function parseHeader(protectedHeader: string): Pick<Jwe, 'salt' | 'rounds'> | string {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(protectedHeader, 'base64url').toString('utf8'));
  } catch {
    return 'its header is not JSON'; // JSON.parse throws nothing but SyntaxError
  }
  if (typeof header !== 'object' || header === null) return 'its header is not a JSON object';
  const fields: Readonly<Record<string, unknown>> = { ...header };
  if (fields.alg !== ALGORITHM || fields.enc !== ENCRYPTION) return `it is not ${ALGORITHM} with ${ENCRYPTION}`;
  if ('crit' in fields || 'zip' in fields) return 'its header asks for an extension that this program does not know';
  const { p2c, p2s } = fields;
  if (typeof p2c !== 'number' || !Number.isInteger(p2c) || p2c < ROUNDS_READ.min || p2c > ROUNDS_READ.max) {
    return `its PBKDF2 rounds (p2c) are not between ${ROUNDS_READ.min} and ${ROUNDS_READ.max}`;
  }
  const salt = typeof p2s === 'string' && /^[\w-]+$/.test(p2s) ? Buffer.from(p2s, 'base64url') : undefined;
  if (salt === undefined || salt.length < SIZE_BYTES.saltMin) return 'its salt (p2s) is missing or too short';
  return { salt, rounds: p2c };
}
