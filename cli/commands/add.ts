import type { Credentials } from '../../native-host/aws/credentials.ts';
import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import { askTerminal, confirm, hasTerminal } from '../ask/terminal.ts';
import type { Cli } from '../cli.ts';
import { type Target, targetText } from '../target-profile.ts';

export type AddOptions = Target & {
  readonly env: boolean;
  readonly fromFile: boolean;
  readonly verify: boolean;
  readonly addConfig: boolean;
  readonly mfaSerial: string | undefined;
};

/**
 * Stores an access key under a profile's name, typed in, from the environment or from the file of keys in plain text, after AWS
 * has said that it takes it, and gives the profile a section.
 * @throws VaultError USAGE, CONFIG_INVALID, CANCELLED, KEYRING_*, AWS_CREDENTIALS_INVALID, AWS_CLOCK_SKEW
 */
export async function add(options: AddOptions, cli: Cli): Promise<void> {
  const { profile, addConfig, mfaSerial } = options;
  if (options.namedBy !== undefined) cli.say(`${cli.programName}: ${targetText(options)}`);
  await checkProfile(options, cli);
  if (!(await mayOverwrite(options, cli))) return cli.say('nothing was changed');
  const { key, leftBehind } = await keyOf(options, cli);
  const createdAt = options.verify ? await verified(profile, key, cli) : undefined;
  const { sessions, abandonedKeyId } = await cli.ask(() => cli.vault.keys.add({ profile, key, createdAt }));
  cli.print(`Added credentials to profile ${JSON.stringify(profile)} in vault\n`);
  if (sessions > 0) cli.print(`Deleted ${sessions} existing sessions.\n`);
  const settings = mfaSerial === undefined ? {} : { mfa_serial: mfaSerial };
  if (addConfig) await cli.vault.keys.addProfile({ profile, settings }, cli.signal);
  if (leftBehind !== undefined) cli.say(leftBehind);
  if (abandonedKeyId === undefined || abandonedKeyId === key.accessKeyId) return;
  cli.say(`A rotation was under way, and the vault has let go of its other key, ${abandonedKeyId}: delete it in IAM.`);
}

/** Refuses what could not work, before anybody types a secret. */
async function checkProfile({ profile, env, fromFile, addConfig, mfaSerial }: AddOptions, cli: Cli): Promise<void> {
  if (env && fromFile) throw usage("Can't use --env with --from-file", profile);
  const section = (await cli.vault.config()).profiles.get(profile);
  const source = section?.values.get('source_profile');
  if (source !== undefined && source !== profile) {
    const message = `Your profile has a source_profile of ${source}, adding credentials to ${profile} won't have any effect`;
    throw usage(message, profile);
  }
  await cli.vault.keys.checkName(profile, { addsSection: addConfig && section === undefined });
  if (mfaSerial === undefined) return;
  if (!/^[\w+=/:,.@-]{9,256}$/.test(mfaSerial)) {
    const shown = JSON.stringify(mfaSerial.slice(0, 120));
    throw usage(`${shown} is no MFA device; it is an ARN such as arn:aws:iam::123456789012:mfa/NAME`, profile);
  }
  if (section !== undefined || !addConfig) {
    const message = `--mfa-serial goes into a new section of the config file, and none is added; write mfa_serial = ${mfaSerial} into the section of ${profile} yourself`;
    throw usage(message, profile);
  }
}

/** A person is asked before a key is lost. A script has nobody to ask, and replaces keys as it did with aws-vault. */
async function mayOverwrite({ profile, namedBy, env }: AddOptions, cli: Cli): Promise<boolean> {
  // Where the name was not typed, it may be another profile's key that would be lost.
  if ((env && namedBy === undefined) || !hasTerminal()) return true;
  if (!(await cli.vault.inventory()).storedKeys.includes(profile)) return true;
  const message = `The vault has a key for profile ${JSON.stringify(profile)} already. Replace it? (y|N) `;
  return confirm({ message, signal: cli.signal });
}

type FoundKey = { readonly key: Credentials; readonly leftBehind?: string };

async function keyOf({ profile, env, fromFile }: AddOptions, cli: Cli): Promise<FoundKey> {
  if (fromFile) return keyFromFile(profile, cli);
  return { key: env ? keyFromEnvironment(cli) : await keyFromTerminal(cli) };
}

async function keyFromFile(profile: string, cli: Cli): Promise<FoundKey> {
  const { credentialsFile, keys } = await cli.vault.keys.plainTextKeys();
  const found = keys.find((candidate) => candidate.profile === profile);
  if (found === undefined) {
    const others = keys.map((candidate) => candidate.profile).join(', ');
    const message = `${credentialsFile} has no access key for profile ${JSON.stringify(profile)}${others && ` (there are keys of ${others})`}`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile, file: credentialsFile } });
  }
  const { file } = found;
  if (found.isTemporary) {
    const message = `${file} has temporary credentials for profile ${JSON.stringify(profile)}, which end by themselves and are no key to keep; the tool that wrote them can be its credential_process`;
    throw usage(message, profile);
  }
  const lines = found.lines.length === 1 ? `line ${found.lines[0]}` : `lines ${found.lines.join(' and ')}`;
  const leftBehind = `The key is still in plain text in ${file}: remove ${lines} (aws_access_key_id and aws_secret_access_key of [${profile}]).`;
  return { key: checkedKey(found.key.accessKeyId, found.key.secretAccessKey), leftBehind };
}

/** Says whose key it is. Answers when AWS made it. */
async function verified(profile: string, key: Credentials, cli: Cli): Promise<Date | undefined> {
  const check = await cli.vault.keys.checkKey({ profile, key }, cli.signal);
  if (check.outcome === 'accepted') {
    cli.say(`The key belongs to ${check.owner} in account ${check.accountId}.`);
    return check.createdAt;
  }
  cli.say(`${cli.programName}: the key could not be checked and is stored as it is: ${check.reason}`);
  return undefined;
}

function keyFromEnvironment({ env }: Cli): Credentials {
  const fromVariable = (name: string): string => {
    const value = variable(env, name);
    if (value === undefined) throw new VaultError('USAGE', `Missing value for ${name}`);
    return value;
  };
  const accessKeyId = fromVariable('AWS_ACCESS_KEY_ID');
  return checkedKey(accessKeyId, fromVariable('AWS_SECRET_ACCESS_KEY'));
}

async function keyFromTerminal({ signal }: Cli): Promise<Credentials> {
  const withoutTerminal = { code: 'USAGE', remedy: 'use --env to take the key from the environment' } as const;
  const how = { signal, withoutTerminal };
  const accessKeyId = await askTerminal({ message: 'Enter Access Key ID: ', secret: false, ...how });
  return checkedKey(accessKeyId, await askTerminal({ message: 'Enter Secret Access Key: ', secret: true, ...how }));
}

function checkedKey(accessKeyId: string, secretAccessKey: string): Credentials {
  return {
    accessKeyId: withoutSlip('access key ID', accessKeyId),
    secretAccessKey: withoutSlip('secret access key', secretAccessKey),
  };
}

/** Refuses what can only be a slip: nothing, or blanks inside, as when two lines were pasted into one prompt. */
function withoutSlip(what: string, value: string): string {
  const text = value.trim();
  if (text === '') throw new VaultError('USAGE', `the ${what} is empty; nothing was stored`);
  if (/\s/.test(text)) throw new VaultError('USAGE', `the ${what} has blanks in it; nothing was stored`);
  return text;
}

function usage(message: string, profile: string): VaultError {
  return new VaultError('USAGE', message, { details: { profile } });
}
