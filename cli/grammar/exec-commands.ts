import type { Grammar } from '../args-grammar.ts';
import { duration, mfaToken, noSession, profile, region, stdout } from './flags.ts';
import { proxyCommand, serverFlags } from './server-flags.ts';

export const execCommands = {
  exec: {
    help: 'Run a program with the credentials of a profile.',
    details:
      'The program takes the place of this one, so its exit status, its signals and the terminal are its own. ' +
      'Put -- before it if it has flags: exec work -- aws s3 ls. Without a program, starts a shell.',
    args: {
      profile,
      cmd: { kind: 'optional', help: 'Program to run (default: $SHELL).' },
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
    },
  },
  export: {
    help: 'Print the credentials of a profile.',
    args: { profile },
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
