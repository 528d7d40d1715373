import type { Grammar } from '../args-grammar.ts';

export const importCommand = {
  import: {
    help: 'Copy keys to the vault from aws-vault, ~/.aws/credentials, Granted or Leapp.',
    details:
      'Finds by itself where they lie, copies each to the vault in use and reads it back. Can be interrupted and repeated. ' +
      'Nothing is removed, unless you say so, and then only keys in plain text that the vault has, with a copy of the file beside it.',
    args: {},
    flags: {
      from: {
        kind: 'choice',
        choices: ['aws-vault', 'credentials', 'granted', 'leapp'],
        placeholder: 'PROGRAM',
        help: 'Only from there: aws-vault, credentials (keys in plain text in ~/.aws), granted or leapp (default: all).',
      },
      profile: { kind: 'string', placeholder: 'NAME', help: 'Only the key of this profile.' },
      dryRun: { kind: 'boolean', help: 'Only say what would be done.' },
      overwrite: { kind: 'boolean', help: 'Replace keys that the vault has already and that differ.' },
      removePlaintext: {
        kind: 'boolean',
        help: 'Take keys in plain text out of their file once the vault has them (on a terminal you are asked).',
      },
      addConfig: {
        kind: 'boolean',
        default: true,
        help: 'Add profiles to the AWS config file if they are missing (default: yes).',
      },
    },
  },
} as const satisfies Grammar['commands'];
