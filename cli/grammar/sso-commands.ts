import { VaultError } from '../../native-host/errors.ts';
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
  'sso populate': {
    help: 'Write a profile for each of your accounts and roles into the AWS config file.',
    details:
      'The profiles stand between two comments, and everything else in the file stays as it is. Shows what would change, and asks. ' +
      'Run again, it adds what is new and removes what is gone; a profile of yours with the same name is left alone.',
    args: { session },
    flags: {
      template: {
        kind: 'string',
        default: '{account_name}-{role_name}',
        help: 'What the profiles are called: text with {account_name}, {account_id} and {role_name}.',
      },
      prefix: { kind: 'string', default: '', placeholder: 'TEXT', help: 'What all names begin with.' },
      region: {
        kind: 'string',
        emptyIsUnset: true,
        check: checkRegionName,
        help: "Region of the profiles (default: none, so that [default]'s counts).",
      },
      account: {
        kind: 'list',
        placeholder: 'PATTERN',
        help: 'Only accounts with such a name or ID, with * and ?; may be repeated.',
      },
      role: { kind: 'list', placeholder: 'PATTERN', help: 'Only such roles; may be repeated.' },
      dryRun: { kind: 'boolean', help: 'Change nothing; show what would be done.' },
      yes: { kind: 'boolean', short: 'y', help: 'Do not ask first.' },
      stdout,
    },
  },
} as const satisfies Grammar['commands'];

/** @throws VaultError USAGE */
function checkRegionName(text: string): string {
  if (/^[a-z0-9-]+$/.test(text)) return text;
  throw new VaultError(
    'USAGE',
    `--region must be the name of an AWS region such as eu-west-1, not ${JSON.stringify(text)}`,
  );
}
