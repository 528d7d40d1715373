import type { Grammar } from '../args-grammar.ts';

const hostFlags = {
  browser: {
    kind: 'string',
    placeholder: 'NAME',
    help: 'chromium, chrome or firefox, or several with commas (default: those found here).',
  },
  userDataDir: {
    kind: 'string',
    placeholder: 'DIR',
    help: 'For a Chromium that is started with this --user-data-dir.',
  },
  system: { kind: 'boolean', help: 'For all users of this computer.' },
} as const;

export const hostCommands = {
  'host install': {
    help: 'Let the browsers found here start the native messaging host.',
    args: {},
    flags: hostFlags,
  },
  'host status': {
    help: 'Show which browsers can start the native messaging host, and try it.',
    args: {},
    flags: hostFlags,
  },
  'host uninstall': {
    help: 'Take back what host install wrote.',
    args: {},
    flags: hostFlags,
  },
} as const satisfies Grammar['commands'];
