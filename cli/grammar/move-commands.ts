import type { Grammar } from '../args-grammar.ts';
import { BACKENDS } from './global-flags.ts';

const dryRun = { kind: 'boolean', help: 'Only say what would be done.' } as const;
const overwrite = { kind: 'boolean', help: 'Replace keys that are there already and differ.' } as const;
const file = { kind: 'required', help: 'The backup.' } as const;

export const moveCommands = {
  'vault migrate': {
    aliases: ['migrate-backend'],
    help: 'Copy the stored keys from one keyring to another.',
    details: 'Each key is read back before the next one is copied. Can be interrupted and repeated.',
    args: {},
    flags: {
      from: { kind: 'choice', choices: BACKENDS, placeholder: 'BACKEND', help: 'The keyring to copy from.' },
      to: { kind: 'choice', choices: BACKENDS, placeholder: 'BACKEND', help: 'The keyring to copy to.' },
      profile: { kind: 'string', placeholder: 'NAME', help: 'Only the key of this profile.' },
      dryRun,
      overwrite,
      deleteSource: { kind: 'boolean', help: 'Remove each key from the old keyring once it has been read back.' },
    },
  },
  'vault backup': {
    help: 'Write all stored keys to one file, encrypted with a passphrase.',
    args: { file },
    flags: { force: { kind: 'boolean', short: 'f', help: 'Replace a file that is there already.' } },
  },
  'vault restore': {
    help: 'Put the keys of a backup into the vault.',
    args: { file },
    flags: { dryRun, overwrite },
  },
} as const satisfies Grammar['commands'];
