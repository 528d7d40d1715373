import { basename } from 'node:path';
import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import { childEnvironment, profileEnvironment, replaceProcess, resolveExecutable, spawnAndWait } from '../child.ts';
import { checkProfileCanBeChosen, chosenProfile, remember } from '../chosen-profile.ts';
import type { Cli } from '../cli.ts';
import { keepInherited } from '../inherited.ts';
import { reachEnvironment } from '../reach-environment.ts';
import { type CredentialFlags, inContext } from './request.ts';

export type ExecOptions = CredentialFlags & {
  readonly profile: string | undefined;
  readonly profileEnv: boolean;
  readonly command: string | undefined;
  readonly args: readonly string[];
  /** Finds flags that go not together, after the check that aws-vault begins with. */
  readonly check?: () => void;
};

/**
 * Runs a program with a profile's credentials in its environment. On POSIX systems the program takes this process's place, so
 * status, signals and terminal are its own.
 * @returns the program's exit status, where it could not take this process's place
 * @throws VaultError of the engine; PROCESS_FAILED when there is no such program
 */
export async function exec(options: ExecOptions, cli: Cli): Promise<number> {
  const { env } = cli;
  await checkProfileCanBeChosen(options.profile);
  const { command, file } = programOf(options, cli);
  const name = await chosenProfile(options.profile, cli);
  const { credentials, profile } = await credentialsFor({ ...options, profile: name }, cli, basename(command));
  if (options.profileEnv) await offerTokens({ ...options, profile: name }, cli);
  remember(name, cli);
  if (options.command === undefined) announceSubshell(command, cli);
  const argv = [command, ...options.args];
  const environment = options.profileEnv
    ? profileEnvironment(env, { profile: name, region: profile.region })
    : childEnvironment(env, { profile: name, credentials, region: profile.region });
  await cli.vault.close();
  Object.assign(environment, reachEnvironment(env, profile));
  if (cli.platform === 'win32') return spawnAndWait(file, argv, environment);
  keepInherited(cli.inherited);
  return replaceProcess(file, argv, environment);
}

/**
 * The program to run. Looked for before anything is asked of AWS or of a person: a mistyped command needs neither.
 * @throws VaultError USAGE inside another exec, or whatever `check` throws; PROCESS_FAILED
 */
export function programOf(
  options: Pick<ExecOptions, 'command' | 'check'>,
  cli: Cli,
): { readonly command: string; readonly file: string } {
  const { env } = cli;
  if (variable(env, 'AWS_VAULT') !== undefined) {
    const message = "running in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force";
    throw new VaultError('USAGE', message);
  }
  options.check?.();
  const command = options.command ?? shell(cli);
  return { command, file: resolveExecutable(command, env) };
}

/** A profile's credentials, with the person asked where needed. */
export async function credentialsFor(
  options: CredentialFlags & { readonly profile: string },
  cli: Cli,
  program?: string,
): ReturnType<Cli['vault']['credentials']> {
  const { profile, noSession, region, durationSeconds, mfaToken, stdout } = options;
  const request = { profile, noSession, flags: { region, durationSeconds } };
  try {
    return await cli.ask((call) => cli.vault.credentials(request, call), { profile, mfaToken, program, stdout });
  } catch (error) {
    throw inContext(error, profile);
  }
}

/** So that the program's SDK does not have the person log in once more. */
async function offerTokens(options: CredentialFlags & { readonly profile: string }, cli: Cli): Promise<void> {
  const { profile, noSession, region, durationSeconds, mfaToken, stdout } = options;
  const request = { profile, noSession, flags: { region, durationSeconds } };
  try {
    await cli.ask((call) => cli.vault.sso.offerTokens(request, call), { profile, mfaToken, stdout });
  } catch (error) {
    throw inContext(error, profile);
  }
}

function shell({ env, platform }: Cli): string {
  return variable(env, 'SHELL') ?? (platform === 'win32' ? (variable(env, 'ComSpec') ?? 'cmd.exe') : '/bin/sh');
}

/** What a person who started a shell without asking for it should know. */
export function announceSubshell(command: string, cli: Cli): void {
  if (!cli.stdoutIsTty() || cli.isDebug || cli.env.AWS_VAULT_DISABLE_HELP_MESSAGE === '1') return;
  cli.say(`Starting subshell ${command}, use \`exit\` to exit the subshell`);
}
