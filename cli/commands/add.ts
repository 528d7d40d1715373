import type { Credentials } from '../../native-host/aws/credentials.ts';
import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import { askTerminal } from '../ask/terminal.ts';
import type { Cli } from '../cli.ts';

export type AddOptions = { readonly profile: string; readonly env: boolean; readonly addConfig: boolean };

/**
 * Stores an access key under a profile's name, typed in or from the environment, and gives the profile a section.
 * @throws VaultError USAGE, CONFIG_INVALID, CANCELLED, KEYRING_*
 */
export async function add({ profile, env, addConfig }: AddOptions, cli: Cli): Promise<void> {
  const config = await cli.vault.config();
  const source = config.profiles.get(profile)?.values.get('source_profile');
  if (source !== undefined && source !== profile) {
    const message = `Your profile has a source_profile of ${source}, adding credentials to ${profile} won't have any effect`;
    throw new VaultError('USAGE', message, { details: { profile } });
  }
  await cli.vault.checkName(profile, { addsSection: addConfig && !config.profiles.has(profile) });
  const key = env ? keyFromEnvironment(cli) : await keyFromTerminal(cli);
  const { sessions } = await cli.ask(() => cli.vault.add(profile, key));
  cli.print(`Added credentials to profile ${JSON.stringify(profile)} in vault\n`);
  if (sessions > 0) cli.print(`Deleted ${sessions} existing sessions.\n`);
  if (addConfig) await cli.vault.addProfile(profile, cli.signal);
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
