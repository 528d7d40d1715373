import type { Grammar } from '../args-grammar.ts';
import { currentProfile, mfaToken, noSession, region } from './flags.ts';

const profile = {
  ...currentProfile,
  help: "Name of the user's profile, or of a role that begins with its key (default: $AWS_PROFILE, or a list to choose from).",
} as const;

const yubikey = { kind: 'boolean', help: 'The device is a YubiKey, reached through ykman.' } as const;

export const mfaCommands = {
  'mfa add': {
    help: 'Create a virtual MFA device for a user, enable it, and write mfa_serial to the profile.',
    details:
      'Shows a QR code for an authenticator app, which leaves no trace on the screen, and asks for two codes in a row; or puts ' +
      'the secret on a YubiKey, which gives them itself. If anything fails before the device is enabled, it is deleted again.',
    args: { profile },
    flags: {
      name: { kind: 'string', help: "Name of the device in AWS (default: the user's name)." },
      yubikey,
      touch: {
        kind: 'boolean',
        default: true,
        help: 'Let the YubiKey give codes only when it is touched (default: yes).',
      },
      showSecret: { kind: 'boolean', help: 'Show the secret as text too, for an app that cannot scan.' },
      replace: { kind: 'boolean', help: 'The profile has an mfa_serial: write the new one in its place.' },
      roles: {
        kind: 'choice',
        choices: ['ask', 'all', 'none'],
        default: 'ask',
        help: 'Whether roles of this user without an MFA device of another kind get the mfa_serial too: ask, all or none.',
      },
      noSession: { ...noSession, help: 'Sign with the stored key itself, without a code of the device there is.' },
      mfaToken,
      region,
    },
  },
  'mfa resync': {
    help: 'Tell AWS how far the clock of an MFA device is off, with two codes in a row.',
    args: { profile },
    flags: {
      serial: { kind: 'string', placeholder: 'ARN', help: "The device (default: the profile's mfa_serial)." },
      yubikey,
      region,
    },
  },
} as const satisfies Grammar['commands'];
