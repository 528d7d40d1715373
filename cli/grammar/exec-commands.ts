import type { Grammar } from '../args-grammar.ts';
import { currentProfile, duration, mfaToken, noSession, region, stdout } from './flags.ts';
import { proxyCommand, serverFlags } from './server-flags.ts';

export const execCommands = {
  exec: {
    help: 'Run a program with the credentials of a profile.',
    details:
      'The program takes the place of this one, so its exit status, its signals and the terminal are its own. ' +
      'Put -- before it if it has flags: exec work -- aws s3 ls. Without a program, starts a shell. ' +
      'Without a profile, uses the one of AWS_PROFILE, or asks: exec -- aws s3 ls. Without AWS_PROFILE, a first word after -- that ' +
      'is the name of a profile is the profile.',
    args: {
      profile: { ...currentProfile, beforeDashes: true },
      cmd: { kind: 'optional', completes: 'command', help: 'Program to run (default: $SHELL).' },
      args: { kind: 'rest', help: "The program's arguments." },
    },
    flags: {
      duration,
      noSession,
      region,
      mfaToken,
      json: { kind: 'boolean', short: 'j', hidden: true, help: 'Print the credentials (see export --format=json).' },
      ...serverFlags,
      stdout,
      profileEnv: {
        kind: 'boolean',
        env: 'AWS_VAULT_PROFILE_ENV',
        help: 'Give the program AWS_PROFILE instead of credentials, for SDKs that sign in themselves.',
      },
    },
  },
  export: {
    help: 'Print the credentials of a profile.',
    args: { profile: currentProfile },
    flags: {
      duration,
      noSession,
      region,
      mfaToken,
      format: {
        kind: 'choice',
        choices: ['env', 'export-env', 'json', 'ini'],
        default: 'env',
        help: 'env, export-env (for a shell), json (for credential_process) or ini.',
      },
      stdout,
    },
  },
  ...proxyCommand,
} as const satisfies Grammar['commands'];
