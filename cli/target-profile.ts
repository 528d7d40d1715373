import { variable } from '../native-host/settings.ts';
import { chosenProfile, notProvided } from './chosen-profile.ts';
import type { Cli } from './cli.ts';

/** The profile that a command changes for good, and who named it: nobody should lose a key of another profile than the one meant. */
export type Target = {
  readonly profile: string;
  /** Absent where the person has typed the name. */
  readonly namedBy?: 'AWS_PROFILE' | 'the list';
};

/**
 * The profile whose stored key is to be changed: the one that was named, else that of AWS_PROFILE, else one chosen from a list of
 * those that have a key.
 * @throws VaultError USAGE without a terminal, in aws-vault's words; CANCELLED; CREDENTIALS_NOT_FOUND where there is no key
 */
export async function keyTarget(typed: string | undefined, cli: Cli): Promise<Target> {
  const given = givenTarget(typed, cli);
  if (given !== undefined) return given;
  return { profile: await chosenProfile(undefined, cli, { withKey: true }), namedBy: 'the list' };
}

/**
 * The profile that is to get a key: the one that was named, else that of AWS_PROFILE, else one whose name the person types now.
 * @throws VaultError USAGE without a terminal, in aws-vault's words; CANCELLED
 */
export async function newKeyTarget(typed: string | undefined, cli: Cli): Promise<Target> {
  const given = givenTarget(typed, cli);
  if (given !== undefined) return given;
  const { askTerminal, hasTerminal } = await import('./ask/terminal.ts');
  const message = 'Enter the name of the profile: ';
  const name = hasTerminal() ? await askTerminal({ message, secret: false, signal: cli.signal }) : '';
  if (name === '') throw notProvided();
  return { profile: name };
}

function givenTarget(typed: string | undefined, cli: Cli): Target | undefined {
  if (typed !== undefined) return { profile: typed };
  const profile = variable(cli.env, 'AWS_PROFILE');
  return profile === undefined ? undefined : { profile, namedBy: 'AWS_PROFILE' };
}

/** The profile as a question or a line names it, with who named it where that was not the person. */
export function targetText({ profile, namedBy }: Target): string {
  const from = namedBy === undefined ? '' : ` (from ${namedBy})`;
  return `profile ${JSON.stringify(profile)}${from}`;
}
