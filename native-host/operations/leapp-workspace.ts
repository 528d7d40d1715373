import { readFileSync } from 'node:fs';
import { VaultError } from '../errors.ts';

/** An IAM user in Leapp. */
export type LeappUser = {
  readonly sessionId: string;
  /** What it is to be called here. */
  readonly profile: string;
  /** For its section of the AWS config file. */
  readonly settings: Readonly<Record<string, string>>;
};

const SALTED = 'Salted__';
const KEY_BYTES = 32;
const IV_BYTES = 16;

/**
 * Leapp's workspace file: OpenSSL's salted format (AES-256-CBC, key by MD5) under the hash of this machine's ID, so it hides
 * nothing from anybody who can read both. The keys themselves are not in it.
 * @throws VaultError KEYRING_CORRUPT where this machine's ID does not open it
 */
export function decryptWorkspace(text: string, file: string): unknown {
  const content = Buffer.from(text.trim(), 'base64');
  if (content.toString('latin1', 0, SALTED.length) === SALTED) {
    try {
      return JSON.parse(decrypted(content, machineIdHash()).toString('utf8'));
    } catch (error) {
      // A wrong key shows as bad padding or as bytes that are no JSON; the parser's message would repeat some of them.
      if (!(error instanceof Error)) throw error;
    }
  }
  const message = `${file} does not open with this machine's ID: Leapp wrote it on another machine or in another version; start Leapp here, or store its keys with 'keyturn add PROFILE'`;
  throw new VaultError('KEYRING_CORRUPT', message, { details: { file } });
}

function decrypted(content: Buffer, passphrase: string): Buffer {
  const { createDecipheriv, createHash } = process.getBuiltinModule('node:crypto');
  const salt = content.subarray(SALTED.length, SALTED.length + 8);
  let derived = Buffer.alloc(0);
  let last = Buffer.alloc(0);
  while (derived.length < KEY_BYTES + IV_BYTES) {
    last = createHash('md5').update(last).update(passphrase).update(salt).digest();
    derived = Buffer.concat([derived, last]);
  }
  const key = derived.subarray(0, KEY_BYTES);
  const decipher = createDecipheriv('aes-256-cbc', key, derived.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES));
  return Buffer.concat([decipher.update(content.subarray(SALTED.length + 8)), decipher.final()]);
}

/** As the library that Leapp uses takes it: the first line of what D-Bus, else systemd knows the machine by, else its name. */
function machineIdHash(): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const text =
    firstLine('/var/lib/dbus/machine-id') ??
    firstLine('/etc/machine-id') ??
    process.getBuiltinModule('node:os').hostname();
  return createHash('sha256').update(text.replaceAll(/\s/g, '').toLowerCase()).digest('hex');
}

function firstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n', 1)[0] || undefined;
  } catch (error) {
    // The next place is for machines that do not have this one.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** The IAM users of a workspace. Roles and IAM Identity Center have no key: they belong into the AWS config file. */
export function leappUsers(workspace: unknown): LeappUser[] {
  const sessions = members(workspace, 'sessions').filter(({ type }) => type === 'awsIamUser');
  const profiles = new Map(members(workspace, 'profiles').map(({ id, name }) => [id, name]));
  const names = sessions.map(({ profileId }) => profiles.get(profileId));
  return sessions.flatMap((session, index) => {
    const { sessionId, sessionName, region, mfaDevice } = session;
    // Most users of Leapp are all written to the named profile `default`, one at a time.
    const named = names[index];
    const isOwn = isText(named) && named !== 'default' && names.filter((name) => name === named).length === 1;
    const profile = isOwn ? named : sessionName;
    if (!isText(sessionId) || !isText(profile)) return [];
    const settings = { ...(isText(region) && { region }), ...(isText(mfaDevice) && { mfa_serial: mfaDevice }) };
    return [{ sessionId, profile, settings }];
  });
}

/** The objects of a list. Leapp writes its private fields with an underscore. */
function members(workspace: unknown, name: string): Readonly<Record<string, unknown>>[] {
  if (typeof workspace !== 'object' || workspace === null) return [];
  const fields = new Map<string, unknown>(Object.entries(workspace));
  const value = fields.get(`_${name}`) ?? fields.get(name);
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => (typeof one === 'object' && one !== null ? [{ ...one }] : []));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value);
}
