import type { Grammar } from '../args-grammar.ts';
import { keyProfile, mfaToken, noSession } from './flags.ts';

export const rotateCommand = {
  rotate: {
    help: 'Replace a stored access key by a new one.',
    details:
      'Makes a new key, tries it, and only then deactivates and deletes the old one. Run again after an interruption, it goes on from where it was.',
    args: {
      profile: {
        ...keyProfile,
        help: 'Name of the profile, or of one that uses its key (default: $AWS_PROFILE; without it, a list to choose from).',
      },
    },
    flags: {
      noSession: { ...noSession, help: 'Call IAM with the stored key itself, without MFA.' },
      mfaToken,
      all: { kind: 'boolean', help: 'Every key in the vault.' },
      olderThan: {
        kind: 'duration',
        placeholder: 'AGE',
        help: 'Leave a key that AWS made less long ago than this, such as 90d (with --all: rotate the older ones only).',
      },
      dryRun: { kind: 'boolean', help: 'Change nothing; show what would be done.' },
    },
  },
} as const satisfies Grammar['commands'];
