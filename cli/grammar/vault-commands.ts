import type { Grammar } from '../args-grammar.ts';
import { keyProfile } from './flags.ts';
import { rotateCommand } from './rotate-command.ts';

export const vaultCommands = {
  add: {
    help: 'Store the access key of a profile.',
    details:
      'Asks for the access key ID and the secret, asks AWS whether it takes them, and adds the profile to the AWS config file if it is not there.',
    args: {
      profile: { ...keyProfile, help: 'Name of the profile (default: $AWS_PROFILE; without it, you are asked).' },
    },
    flags: {
      env: { kind: 'boolean', help: 'Take the key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.' },
      fromFile: {
        kind: 'boolean',
        help: 'Take the key that lies in plain text in ~/.aws/credentials or ~/.aws/config.',
      },
      verify: { kind: 'boolean', default: true, help: 'Ask AWS first whether it takes the key (default: yes).' },
      mfaSerial: {
        kind: 'string',
        placeholder: 'ARN',
        help: 'MFA device of the user; becomes mfa_serial of the new profile.',
      },
      addConfig: {
        kind: 'boolean',
        default: true,
        help: 'Add the profile to the AWS config file if it is missing (default: yes).',
      },
    },
  },
  remove: {
    aliases: ['rm'],
    help: 'Delete the stored access key of a profile.',
    args: { profile: keyProfile },
    flags: {
      force: { kind: 'boolean', short: 'f', help: 'Do not ask first.' },
      sessionsOnly: { kind: 'boolean', short: 's', hidden: true, help: 'Delete only the sessions (see clear).' },
    },
  },
  list: {
    aliases: ['ls'],
    help: 'List profiles, with their stored keys and sessions.',
    args: {},
    flags: {
      profiles: { kind: 'boolean', help: 'Only names of profiles, one per line.' },
      sessions: { kind: 'boolean', help: 'Only sessions, one per line.' },
      credentials: { kind: 'boolean', help: 'Only profiles that have a stored key, one per line.' },
      age: { kind: 'boolean', help: 'How old each key is, in a fourth column (on a terminal: always).' },
      json: { kind: 'boolean', help: 'All of it as JSON, with the age of each key.' },
    },
  },
  ...rotateCommand,
} as const satisfies Grammar['commands'];
