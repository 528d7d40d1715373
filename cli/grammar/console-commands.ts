import type { Grammar } from '../args-grammar.ts';
import { currentProfile, duration, mfaToken, noSession, region, stdout } from './flags.ts';

const browser = {
  kind: 'choice',
  choices: ['firefox', 'chromium', 'default'],
  env: 'KEYTURN_BROWSER',
  help: 'Where to open it: a running browser with the Keyturn extension, or the default browser (default: such a browser if there is one).',
} as const;

export const consoleCommands = {
  login: {
    help: 'Open the AWS console, signed in as a profile.',
    details:
      'A role is signed in to with its own session, a user with a federation token. The console session ends with these ' +
      "credentials, unless the role is assumed with a user's own key: then it lasts as long as --console-duration says.",
    args: {
      profile: {
        ...currentProfile,
        help: 'Name of the profile (default: $AWS_PROFILE, the AWS_* keys of the environment, or a list to choose from).',
      },
      service: { kind: 'optional', completes: 'service', help: 'Service to open, such as s3, ec2, cfn or logs.' },
    },
    flags: {
      duration,
      noSession,
      mfaToken,
      path: {
        kind: 'string',
        emptyIsUnset: true,
        help: 'Page of the console to open, such as /s3/home, or the whole address of one.',
      },
      service: {
        kind: 'string',
        completes: 'service',
        placeholder: 'NAME',
        help: 'Service to open; the same as the second argument.',
      },
      region,
      stdout: {
        ...stdout,
        short: 's',
        help: 'Print the sign-in URL instead of opening a browser; SSO links too (--copy comes before it).',
      },
      copy: {
        kind: 'boolean',
        short: 'c',
        help: 'Copy the sign-in URL to the clipboard instead of opening a browser.',
      },
      logout: { kind: 'boolean', help: "End the browser's present console session first." },
      autoLogout: { kind: 'boolean', short: 'a', env: 'AWS_VAULT_AUTO_LOGOUT', help: 'The same as --logout.' },
      consoleDuration: {
        kind: 'duration',
        variables: ['AWS_CONSOLE_SESSION_TTL'],
        help: 'How long the console session is to last, 15m to 12h, where AWS lets it be chosen (AWS_CONSOLE_SESSION_TTL).',
      },
      browser,
    },
  },
  logout: {
    help: 'End the console session of a profile, and forget its cached sessions.',
    details:
      "Opens AWS's sign-out page where login opens the console. Sessions of other profiles stay, also the one that a role began with.",
    args: {
      profile: {
        kind: 'optional',
        completes: 'profile',
        help: 'Name of the profile (default: only the console of the default browser).',
      },
    },
    flags: {
      keepSessions: { kind: 'boolean', help: "Keep the profile's cached sessions." },
      stdout: { ...stdout, short: 's', help: 'Print the sign-out URL instead of opening a browser.' },
      browser,
    },
  },
} as const satisfies Grammar['commands'];
