import { basename } from 'node:path';
import { FreshCredentials, SPARE_SECONDS } from '../../native-host/credential-server/fresh-credentials.ts';
import { asVaultError, VaultError } from '../../native-host/errors.ts';
import type { CallOptions } from '../../native-host/vault-access.ts';
import { serverEnvironment, spawnAndWait } from '../child.ts';
import { checkProfileCanBeChosen, chosenProfile } from '../chosen-profile.ts';
import type { Cli } from '../cli.ts';
import { keepInherited } from '../inherited.ts';
import { reachEnvironment } from '../reach-environment.ts';
import { announceSubshell, type ExecOptions, programOf } from './exec.ts';
import { inContext } from './request.ts';

export type ServerFlags = {
  readonly ec2Server: boolean;
  readonly lazy: boolean;
  readonly allowRole: readonly string[];
  readonly ecsListen: string | undefined;
  readonly ecsUri: string | undefined;
  readonly ec2HttpTokens: 'required' | 'optional';
};

export type ExecServerOptions = ExecOptions & ServerFlags;

/** What the servers of both kinds are given. */
export type Served = {
  readonly profile: string;
  readonly region: string | undefined;
  readonly credentials: FreshCredentials;
  readonly assumeRole: (roleArn: string) => ReturnType<Cli['vault']['roleCredentials']>;
};

/** A server that is running, and how the program is told of it. */
export type Running = {
  /** Variables to set; `undefined` takes one away. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly close: () => Promise<void>;
};

/**
 * Runs a program beside a server that gives it credentials and renews them. The server ends with the program.
 * @returns the program's exit status
 * @throws VaultError of the engine; PROCESS_FAILED when there is no such program, or
 *   the server cannot listen
 */
export async function execServer(options: ExecServerOptions, cli: Cli): Promise<number> {
  await checkProfileCanBeChosen(options.profile);
  const { command, file } = programOf(options, cli);
  const name = await chosenProfile(options.profile, cli);
  const source = new Source({ ...options, profile: name }, cli, basename(command));
  const { profile, winsOverServer } = await source.prepare();
  const { region } = profile;
  if (winsOverServer !== undefined) {
    cli.say(
      `${cli.programName}: most programs will take ${winsOverServer} and not ask the server; move it to a profile with a name`,
    );
  }
  const credentials = new FreshCredentials({ fetch: () => source.credentials(), now: () => new Date() });
  const assumeRole: Served['assumeRole'] = (roleArn) => source.roleCredentials(roleArn);
  // Before anybody is asked for a code: a server that cannot listen needs none.
  const running = await startServer({ profile: name, region, credentials, assumeRole }, options, cli);
  try {
    if (!options.lazy) await credentials.get().catch(failedFirst);
    if (options.command === undefined) announceSubshell(command, cli);
    const env = serverEnvironment(cli.env, { profile: name, region });
    Object.assign(env, reachEnvironment(cli.env, profile));
    for (const [variable, value] of Object.entries(running.env)) {
      if (value === undefined) delete env[variable];
      else env[variable] = value;
    }
    cli.signal.throwIfAborted();
    source.giveTerminalAway();
    keepInherited(cli.inherited);
    return await spawnAndWait(file, [command, ...options.args], env, cli.leaveSignals);
  } finally {
    source.end();
    // The program has ended, and its status is what counts.
    await running.close().catch((error: unknown) => cli.say(`${cli.programName}: ${asVaultError(error).message}`));
  }
}

async function startServer(served: Served, options: ExecServerOptions, cli: Cli): Promise<Running> {
  if (options.ec2Server) {
    const { serveAsEc2 } = await import('../serve-as-ec2.ts');
    return serveAsEc2(served, options, cli);
  }
  const { serveAsEcs } = await import('../serve-as-ecs.ts');
  return serveAsEcs(served, options, cli);
}

function failedFirst(error: unknown): never {
  const { code, message, details } = asVaultError(error);
  if (code === 'CANCELLED') throw error;
  const before = 'Retrieving creds: failed to refresh cached credentials, ';
  throw new VaultError(code, before + message, { details, cause: error });
}

type SourceOptions = ExecServerOptions & { readonly profile: string };

/** Gets credentials from the vault, for as long as the program runs. */
class Source {
  private readonly options: SourceOptions;
  private readonly cli: Cli;
  private readonly program: string;
  private readonly ended = new AbortController();
  private unusedToken: string | undefined;
  private isTerminalTaken = false;

  constructor(options: SourceOptions, cli: Cli, program: string) {
    this.options = options;
    this.cli = cli;
    this.program = program;
    this.unusedToken = options.mfaToken;
  }

  async prepare(): ReturnType<Cli['vault']['prepare']> {
    const { vault } = this.cli;
    try {
      return await this.ask(({ signal }) => vault.prepare(this.request(), signal));
    } catch (error) {
      throw inContext(error, this.options.profile);
    }
  }

  async credentials(): ReturnType<Cli['vault']['roleCredentials']> {
    const { vault } = this.cli;
    const mfaToken = this.unusedToken;
    this.unusedToken = undefined; // a code is good once
    const { credentials } = await this.ask((call) => vault.credentials(this.request(), call), mfaToken);
    return credentials;
  }

  roleCredentials(roleArn: string): ReturnType<Cli['vault']['roleCredentials']> {
    return this.ask((call) => this.cli.vault.roleCredentials(this.request(), roleArn, call));
  }

  /** From here on the program has the terminal to itself. */
  giveTerminalAway(): void {
    this.isTerminalTaken = true;
  }

  /** Takes back whatever is still being asked. */
  end(): void {
    this.ended.abort(new VaultError('CANCELLED', 'the program has ended'));
  }

  private request(): Parameters<Cli['vault']['credentials']>[0] {
    const { profile, region, durationSeconds, noSession } = this.options;
    return { profile, noSession, flags: { region, durationSeconds } };
  }

  private ask<T>(attempt: (call: CallOptions) => Promise<T>, mfaToken?: string): Promise<T> {
    const { profile, stdout } = this.options;
    const { isTerminalTaken: withoutTerminal, program } = this;
    const how = { profile, program, withoutTerminal, mfaToken, stdout, signal: this.ended.signal };
    return this.cli.ask((call) => attempt({ ...call, spareSeconds: SPARE_SECONDS }), how);
  }
}
