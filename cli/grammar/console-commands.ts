import type { Grammar } from '../args-grammar.ts';
import { duration, mfaToken, noSession, region } from './flags.ts';

export const consoleCommands = {
  login: {
    help: 'Open the AWS console, signed in as a profile.',
    args: {
      profile: { kind: 'optional', help: 'Name of the profile (default: the AWS_* keys of the environment).' },
    },
    flags: {
      duration,
      noSession,
      mfaToken,
      path: { kind: 'string', help: 'Page of the console to open, such as /s3/home.' },
      region,
      stdout: { kind: 'boolean', short: 's', help: 'Print the sign-in URL instead of opening a browser.' },
    },
  },
} as const satisfies Grammar['commands'];
