import { VaultError } from '../native-host/errors.ts';
import { variable } from '../native-host/settings.ts';
import type { Cli } from './cli.ts';
import type { SsoName, SsoTarget, SsoTargetName } from './sso-label.ts';

/**
 * The IAM Identity Center a command is for: that of the `[sso-session]` or profile that was named, else that of AWS_PROFILE, else
 * the only one, else one chosen from a list by whoever sits at the terminal. A session comes before a profile of the same name.
 * @throws VaultError CONFIG_INVALID where there is none; USAGE without a terminal to choose on; CANCELLED
 */
export async function chosenSso(named: string | undefined, cli: Cli): Promise<SsoTargetName> {
  if (named !== undefined) return { named };
  const names = await cli.vault.sso.names();
  const current = variable(cli.env, 'AWS_PROFILE');
  if (current !== undefined && names.some(({ profiles }) => profiles.includes(current))) return { profile: current };
  const [only, ...others] = names;
  if (only === undefined) throw nothingToChoose(cli);
  if (others.length === 0) return only.target;
  const { hasTerminal } = await import('./ask/terminal.ts');
  if (!hasTerminal()) throw severalToChoose(names);
  const { pickSso } = await import('./ask/pick-sso.ts');
  return pickSso(names, cli);
}

/** Every IAM Identity Center of the config file. @throws VaultError CONFIG_INVALID where there is none */
export async function everySso(cli: Cli): Promise<readonly SsoTarget[]> {
  const names = await cli.vault.sso.names();
  if (names.length === 0) throw nothingToChoose(cli);
  return names.map(({ target }) => target);
}

function nothingToChoose({ settings }: Cli): VaultError {
  const message = `${settings.configFile} has no [sso-session] and no profile with an sso_start_url; add '[sso-session NAME]' with sso_start_url and sso_region`;
  return new VaultError('CONFIG_INVALID', message, { details: { file: settings.configFile } });
}

function severalToChoose(names: readonly SsoName[]): VaultError {
  const words = names.map(({ session, profiles }) => session ?? profiles[0] ?? '').filter((word) => word !== '');
  return new VaultError('USAGE', `there are several logins to choose from; name one of them: ${words.join(', ')}`);
}
