import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { VaultError } from '../native-host/errors.ts';
import type { LoginPage } from '../native-host/protocol.ts';
import { shown } from '../native-host/shown.ts';
import { type ShowLoginOutcome, showLogin } from '../native-host/user-socket-login.ts';
import type { Cli } from './cli.ts';
import { parentProgram } from './parent-program.ts';

export type LoginInBrowser = {
  readonly page: Omit<LoginPage, 'loginId' | 'profile' | 'requester' | 'opensTab'>;
  readonly target: Parameters<Cli['vault']['sso']['login']>[0];
  readonly program: string | undefined;
  readonly opensTab: boolean;
};

/** Gives the page of a login to the browsers that run with Keyturn, until `cli.signal` is aborted; one of them shows it. */
export async function showLoginInBrowser(
  { page, target, program, opensTab }: LoginInBrowser,
  { settings, env, signal, programName }: Pick<Cli, 'settings' | 'env' | 'signal' | 'programName'>,
): Promise<ShowLoginOutcome> {
  const parent = parentProgram();
  const { session, ...rest } = page;
  const request = {
    ...rest,
    ...{ loginId: randomUUID(), opensTab },
    ...(session !== undefined && { session: shown(session) }),
    ...('profile' in target && { profile: shown(target.profile) }),
    program: shown(program ?? basename(programName)),
    ...(parent !== undefined && { parent: shown(parent) }),
    pid: process.pid,
  };
  try {
    return await showLogin(request, { stateDir: settings.stateDir, env, signal });
  } catch (error) {
    if (!(error instanceof VaultError) || signal.aborted) throw error;
    return { isShown: false, problem: error }; // the sockets' directory is not private: the default browser needs none
  }
}
