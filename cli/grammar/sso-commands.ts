import type { Grammar } from '../args-grammar.ts';
import { stdout } from './flags.ts';

const session = {
  kind: 'optional',
  completes: 'sso',
  help: 'Name of an [sso-session], or of a profile that uses it (default: that of $AWS_PROFILE, else the only one, else a list to choose from).',
} as const;
const json = { kind: 'boolean', help: 'As JSON, for programs.' } as const;

export const ssoCommands = {
  'sso login': {
    help: 'Log in to IAM Identity Center.',
    details: 'Does nothing where a login is still good, or can be renewed without anybody.',
    args: { session },
    flags: {
      all: { kind: 'boolean', help: 'Every [sso-session] and start URL of the config file, one after the other.' },
      force: { kind: 'boolean', short: 'f', help: 'Log in anew, also where a login is still good.' },
      stdout,
    },
  },
  'sso logout': {
    help: 'End a login to IAM Identity Center, here and at AWS.',
    details:
      'AWS ends the session, so that nothing can be renewed; the token and the cached sessions of its profiles are removed. ' +
      'Credentials that programs have already been given stay good until they expire.',
    args: { session },
    flags: {
      all: { kind: 'boolean', help: 'Every login.' },
      keepSessions: { kind: 'boolean', help: "Keep the profiles' cached sessions." },
    },
  },
  'sso list': {
    help: 'List your accounts and roles, or with --sessions where you are signed in.',
    args: { session },
    flags: {
      sessions: {
        kind: 'boolean',
        help: 'The [sso-session]s and start URLs instead, and until when you are signed in.',
      },
      json,
      stdout,
    },
  },
} as const satisfies Grammar['commands'];
