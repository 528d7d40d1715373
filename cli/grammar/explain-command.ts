import type { Grammar } from '../args-grammar.ts';
import { currentProfile, duration, noSession, region } from './flags.ts';

export const explainCommand = {
  explain: {
    help: 'Show how the credentials of a profile would be got, and why.',
    details:
      'Says which settings come from where, which steps would be run, what the cache holds and whether an MFA code would be ' +
      'asked for. Asks nothing of AWS and needs no passphrase. Ends with 1 if the profile cannot be used as it is.',
    settingsOf: 'exec',
    args: { profile: currentProfile },
    flags: {
      duration,
      noSession,
      region,
      json: { kind: 'boolean', short: 'j', help: 'Print it as JSON.' },
    },
  },
} as const satisfies Grammar['commands'];
